/** Whether what was written gives what cmtdet gives, on pictures. */
import type { RgbImage } from '../data/image/image.js';
import { pillowResize } from '../data/image/pillowResize.js';
import type { Detections } from '../detection/postprocess.js';
import { inputSize, type Size } from '../geometry/size.js';
import { Classifier } from '../models/classifier.js';
import type { Detector } from '../models/detector.js';
import { detectionInput, pictureFeed, singleInput } from '../models/detectorInput.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { type Compiled, Program } from '../tensorflow/program.js';
import { compareDetections, type Difference, differenceOf, farthest } from './compare.js';
import { headOutputs } from './trace.js';

/** A model outside of cmtdet: named arrays in, named arrays out. */
export interface Foreign {
  run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
}

export interface VerifyOptions {
  /** The size that the model was written for; undefined for any. */
  readonly size: Size | undefined;
  readonly batch: number;
  readonly pixels: 'uint8' | 'float32';
}

/** The farthest differences on these pictures, output by output. */
export async function verify(
  model: Classifier | Detector,
  foreign: Foreign,
  pictures: readonly RgbImage[],
  options: VerifyOptions,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  if (model instanceof Classifier) {
    for (const picture of pictures) differences.push(...(await verifyClassifier(model, foreign, picture, options)));
    return farthest(differences);
  }
  const program = new Program({ fuse: false, optimize: false }); // TensorFlow's operations as they are
  try {
    const head: HeadOutputs = program.compile((inputs) => headOutputs(model.model, detectionInput(inputs)));
    for (const picture of pictures) differences.push(...(await verifyDetector(model, head, foreign, picture, options)));
    return farthest(differences);
  } finally {
    await program.dispose();
  }
}

/** A batch of one picture, as often as the model takes. */
function batchOf({ data, height, width }: RgbImage, { batch, pixels }: VerifyOptions): HostTensor {
  const all = new (pixels === 'uint8' ? Uint8Array : Float32Array)(batch * data.length);
  for (let b = 0; b < batch; b++) all.set(data, b * data.length);
  return { data: all, shape: [batch, height, width, 3] };
}

const firstOf = ({ data, shape }: HostTensor): HostTensor => ({
  data: data.subarray(0, data.length / shape[0]!),
  shape: [1, ...shape.slice(1)],
});

async function verifyClassifier(
  model: Classifier,
  foreign: Foreign,
  picture: RgbImage,
  options: VerifyOptions,
): Promise<Difference[]> {
  const side = model.model.backbone.usualSize;
  const resized = pillowResize(picture, { ...(options.size ?? { height: side, width: side }), filter: 'bilinear' });
  const wanted = await model.pixelLogits(resized.data, [1, resized.height, resized.width, 3]);
  const { logits } = await foreign.run({ images: batchOf(resized, options) });
  return [differenceOf('logits', firstOf(logits!), wanted)];
}

/** What a detector's head says, as cmtdet computes it. */
type HeadOutputs = Compiled<'images' | 'sizes', string>;

async function verifyDetector(
  detector: Detector,
  head: HeadOutputs,
  foreign: Foreign,
  picture: RgbImage,
  options: VerifyOptions,
): Promise<Difference[]> {
  const size = options.size ?? inputSize(picture, detector.description.input);
  const resized = pillowResize(picture, { ...size, filter: 'bilinear' });
  const found = await foreign.run({ images: batchOf(resized, options) });
  const { shapes } = detector.description.input;
  const input = singleInput(resized, { shortSide: Math.min(size.height, size.width), longSide: 2 ** 30, shapes });
  if ('boxes' in found) {
    const [wanted] = await detector.detectBatch(input, [size]);
    const { box, score, moved } = compareDetections(firstDetections(found), wanted!);
    return [
      { output: 'boxes', largest: box, of: Math.max(size.height, size.width) },
      { output: 'scores', largest: score, of: 1 },
      { output: 'places in the list', largest: moved, of: wanted!.scores.length },
    ];
  }
  const wanted = await head(pictureFeed(input));
  return Object.entries(wanted).map(([name, tensor]) => differenceOf(name, firstOf(found[name]!), tensor));
}

/** Detections of the first picture of a model that has suppressed duplicates already. */
export function firstDetections({ boxes, scores, labels }: Record<string, HostTensor>): Detections {
  const all = [...firstOf(labels!).data].map(Number);
  const count = all.filter((label) => label >= 0).length;
  return {
    boxes: (boxes!.data as Float32Array).subarray(0, 4 * count),
    scores: (scores!.data as Float32Array).subarray(0, count),
    labels: Int32Array.from(all.slice(0, count)),
  };
}
