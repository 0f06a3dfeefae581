/** Boxes out of points and distances, in ONNX: `detection/points.ts` once more. */
import { aboveThreshold, bestPlaces, halvesOf, placesInPixels, rowsAt, type WriteCandidates } from './candidates.js';

/** For FCOS's head, whose outputs are `logits` [B, P, K], `distances` [B, P, 4] and `centerness` [B, P, 1]. */
export const fcosCandidates: WriteCandidates = (onnx, { outputs, stride }, sides, settings) => {
  const { logits, distances, centerness } = outputs;
  const best = bestPlaces(onnx, logits!, settings);
  const corner = placesInPixels(onnx, best.places, sides, stride);
  const centre = onnx.add('Add', [corner, onnx.floats([stride / 2], [])]); // [B, k, 2]
  const [leftTop, rightBottom] = halvesOf(onnx, rowsAt(onnx, distances!, best.places));
  const corners = [onnx.add('Sub', [centre, leftTop]), onnx.add('Add', [centre, rightBottom])];
  const central = onnx.add('Squeeze', [rowsAt(onnx, centerness!, best.places), onnx.ints([-1])]);
  const scores = onnx.add('Mul', [best.scores, onnx.add('Sigmoid', [central])]);
  return {
    boxes: onnx.add('Concat', corners, { axis: { int: -1 } }),
    scores: aboveThreshold(onnx, scores, best.scores, settings.scoreThreshold),
    labels: best.labels,
  };
};
