/** Boxes out of anchors and deltas, in ONNX: `detection/coder.ts` once more. */
import { type AnchorOptions, generateAnchors } from '../../../detection/anchors.js';
import { maxLogRatio } from '../../../detection/coder.js';
import { aboveThreshold, bestPlaces, halvesOf, placesInPixels, rowsAt, type WriteCandidates } from './candidates.js';

/** For RetinaNet's head, whose outputs are `logits` [B, P, K] and `deltas` [B, P, 4]. */
export const retinanetCandidates =
  (anchors: AnchorOptions): WriteCandidates =>
  (onnx, { outputs: { logits, deltas }, stride }, sides, settings) => {
    const best = bestPlaces(onnx, logits!, settings);
    const sizes = generateAnchors([{ height: 1, width: 1, stride }], anchors).sizes[0]!; // [width, height] of each of a cell
    const perCell = onnx.ints([sizes.length], []);
    const centres = placesInPixels(onnx, onnx.add('Div', [best.places, perCell]), sides, stride); // [B, k, 2]
    const ofCell = onnx.floats(sizes.flat(), [sizes.length, 2]);
    const anchorSides = onnx.add('Gather', [ofCell, onnx.add('Mod', [best.places, perCell])]); // [B, k, 2]
    const [moves, logRatios] = halvesOf(onnx, rowsAt(onnx, deltas!, best.places));
    const limits = [onnx.floats([-maxLogRatio], []), onnx.floats([maxLogRatio], [])];
    const ratios = onnx.add('Exp', [onnx.add('Clip', [logRatios, ...limits])]);
    const centre = onnx.add('Add', [centres, onnx.add('Mul', [moves, anchorSides])]);
    const half = onnx.add('Mul', [onnx.add('Mul', [anchorSides, ratios]), onnx.floats([0.5], [])]);
    const corners = [onnx.add('Sub', [centre, half]), onnx.add('Add', [centre, half])];
    return {
      boxes: onnx.add('Concat', corners, { axis: { int: -1 } }),
      scores: aboveThreshold(onnx, best.scores, best.scores, settings.scoreThreshold),
      labels: best.labels,
    };
  };
