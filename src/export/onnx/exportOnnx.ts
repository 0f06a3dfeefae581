/** Models as ONNX. */
import { ExportError } from '../../errors.js';
import { inferenceShape, type Size, sizeDivisor } from '../../geometry/size.js';
import { Classifier } from '../../models/classifier.js';
import type { Detector } from '../../models/detector.js';
import type { DenseHead } from '../../models/heads/denseHead.js';
import { FcosHead } from '../../models/heads/fcos.js';
import { RetinanetHead } from '../../models/heads/retinanet.js';
import { describeForOthers } from '../metadata.js';
import { simplified } from '../simplify.js';
import { levelOutput, levelsOf, traceClassifier, traceDetector } from '../trace.js';
import type { OnnxLevel, WriteCandidates } from './detection/candidates.js';
import { fcosCandidates } from './detection/fcos.js';
import { retinanetCandidates } from './detection/retinanet.js';
import { suppress } from './detection/suppress.js';
import type { Value } from './layout.js';
import { OnnxGraph, type Opset } from './onnxGraph.js';
import { normalisedMaps, paddedMaps, paddedSides } from './pixels.js';
import { fittedBias } from './positionBias.js';
import { elementTypes } from './schema.js';
import { translate } from './translate.js';
import { mapsValue, rowsValue, sidesAt } from './translation.js';
import { weightsOf, writeOnnx } from './write.js';

export interface OnnxOptions {
  /** Version of cmtdet, for the metadata. */
  readonly version: string;
  /** Version of the standard operators. @default 17 */
  readonly opset?: Opset;
  /** Pictures at a time. @default any number */
  readonly batch?: number | undefined;
  /** Of the pictures, in pixels. @default any size of a detector, the classifier's own */
  readonly size?: Size | undefined;
  /** Element type of the input. @default 'uint8' */
  readonly pixels?: 'uint8' | 'float32';
  /** Decodes boxes and suppresses duplicates in the graph, of a detector. @default false */
  readonly nms?: boolean;
  /** Keeps weights as float16; they are computed with as float32. @default false */
  readonly float16?: boolean;
  /** Constants go to a file of their own, however few. @default where one file cannot hold them */
  readonly externalData?: boolean;
}

/** Cells at each stride are 17 and 19 times a power of two, which no network has for channels. */
const tracedSize: Size = { height: 544, width: 608 };

const channels = 3;

/**
 * Writes a model as ONNX, operators of the standard domain alone. Its metadata say how to prepare pictures and what comes out.
 *
 * Input: `images` [B, H, W, 3], values 0 … 255. Normalising is inside, and so is a detector's padding to multiples of 32.
 *
 * Outputs of a classifier: `logits` [B, K]. Of a detector: what its head says, level by level (`logits_p3` [B, R, K], ...), or with
 * `nms` `boxes` [B, N, 4] xyxy in input pixels, `scores` [B, N] and `labels` [B, N], best first; where a picture has fewer, labels
 * are -1.
 *
 * @returns the files written
 * @throws ExportError when the model cannot be written as asked for
 */
export async function exportOnnx(model: Classifier | Detector, path: string, options: OnnxOptions): Promise<string[]> {
  const graph = new OnnxGraph(options.opset ?? 17);
  if (model instanceof Classifier) await writeClassifier(graph, model, options);
  else await writeDetector(graph, model, options);
  graph.prune();
  const { version, float16 = false, externalData = false } = options;
  return writeOnnx(path, graph, {
    version,
    metadata: describeForOthers(model, graph, version),
    ...(float16 ? { halved: weightsOf(graph) } : {}),
    ...(externalData ? { externalFrom: 0 } : {}),
  });
}

async function writeClassifier(graph: OnnxGraph, classifier: Classifier, options: OnnxOptions): Promise<void> {
  const side = classifier.model.backbone.usualSize;
  const { batch, size = { height: side, width: side }, pixels = 'uint8' } = options;
  checkMultiple(size);
  const { frozen } = traceClassifier(classifier, { batch: batch ?? 1, size, biasInputs: false });
  try {
    const first = batch ?? 'batch';
    graph.inputs.push({ name: 'images', type: pixels, shape: [first, size.height, size.width, channels] });
    const nodes = await simplified(frozen);
    const normalised = mapsValue(
      [batch ?? 1, size.height, size.width, channels],
      normalisedMaps(graph, 'images', pixels),
    );
    const outputs = translate(nodes, graph, { normalised }, { batch: batch === undefined });
    const [, classes] = frozen.shapeOf(frozen.outputs.get('logits')!);
    graph.output(outputs.get('logits')!, { name: 'logits', type: 'float32', shape: [first, classes!] });
  } finally {
    frozen.dispose();
  }
}

function checkMultiple({ height, width }: Size): void {
  if (height % sizeDivisor === 0 && width % sizeDivisor === 0) return;
  throw new ExportError(
    `expected sides that are multiples of ${sizeDivisor} for a classifier, found ${height}x${width}`,
  );
}

async function writeDetector(graph: OnnxGraph, detector: Detector, options: OnnxOptions): Promise<void> {
  const { batch, size, pixels = 'uint8', nms = false } = options;
  const rule = detector.description.input;
  const trace = { batch: batch ?? 1, size: size ? inferenceShape(size, rule) : tracedSize, biasInputs: !size };
  const { frozen, biasInputs } = traceDetector(detector, trace);
  try {
    const first = batch ?? 'batch';
    const [height, width] = size === undefined ? (['height', 'width'] as const) : [size.height, size.width];
    graph.inputs.push({ name: 'images', type: pixels, shape: [first, height, width, channels] });
    const nodes = await simplified(frozen);

    const sides = size ? graph.ints([size.height, size.width]) : sidesOfImages(graph);
    const padded = size ? graph.ints([trace.size.height, trace.size.width]) : paddedSides(graph, sides, rule);
    const maps = normalisedMaps(graph, 'images', pixels);
    const isPadded = size?.height === trace.size.height && size.width === trace.size.width;
    const shape = [trace.batch, trace.size.height, trace.size.width, channels];
    const inputs: Record<string, Value> = {
      normalised: mapsValue(shape, isPadded ? maps : paddedMaps(graph, maps, sides, padded)),
    };
    for (const bias of biasInputs) {
      const [queries, keys] = [bias.stride, bias.keyStride].map((stride) => sidesAt(graph, padded, stride));
      const { shape } = nodes.node(frozen.inputs.get(bias.name)!);
      inputs[bias.name] = rowsValue(shape, fittedBias(graph, bias, queries!, keys!));
    }
    const free = { batch: batch === undefined, ...(size ? {} : { size: { traced: trace.size, sides: padded } }) };
    const names = translate(nodes, graph, inputs, free);
    if (nms) addDetections(graph, detector, names, { sides, padded }, first);
    else
      for (const [name, output] of frozen.outputs) {
        const [, places, last] = frozen.shapeOf(output);
        const count = size ? places! : `places_${name.split('_').at(-1)}`;
        graph.output(names.get(name)!, { name, type: 'float32', shape: [first, count, last!] });
      }
  } finally {
    frozen.dispose();
  }
}

function addDetections(
  graph: OnnxGraph,
  { model, description, categories }: Detector,
  names: ReadonlyMap<string, string>,
  { sides, padded }: { readonly sides: string; readonly padded: string },
  batch: number | string,
): void {
  const settings = { ...description.inference, classes: categories.length };
  const writeCandidates = candidatesOf(model.head);
  const candidates = levelsOf(model).map((level) => {
    const ofLevel = [...names].filter(([name]) => name === levelOutput(name.split('_')[0]!, level));
    const outputs = Object.fromEntries(ofLevel.map(([name, value]) => [name.split('_')[0]!, value]));
    const place: OnnxLevel = { outputs, stride: 2 ** level };
    return writeCandidates(graph, place, padded, settings);
  });
  const limits = graph.add('Unsqueeze', [
    graph.add('Cast', [sides], { to: { int: elementTypes.float32 } }),
    graph.ints([0]),
  ]);
  const { boxes, scores, labels } = suppress(graph, candidates, limits, categories.length, settings);
  graph.output(boxes, { name: 'boxes', type: 'float32', shape: [batch, 'detections', 4] });
  graph.output(scores, { name: 'scores', type: 'float32', shape: [batch, 'detections'] });
  graph.output(labels, { name: 'labels', type: 'int64', shape: [batch, 'detections'] });
}

/** What writes the candidates of a kind of head. @throws ExportError for one that is not known here */
function candidatesOf(head: DenseHead): WriteCandidates {
  if (head instanceof RetinanetHead) return retinanetCandidates(head.options.anchors);
  if (head instanceof FcosHead) return fcosCandidates;
  throw new ExportError(
    `${head.constructor.name}: the boxes of this head cannot be decoded in the model; leave out --nms`,
  );
}

/** Height and width of what is fed: [2], 64-bit. */
function sidesOfImages(graph: OnnxGraph): string {
  return graph.add('Slice', [graph.add('Shape', ['images']), graph.ints([1]), graph.ints([3])]);
}
