/**
 * Holds the PyTorch twins to the same numbers as ours, before anything is timed: npx tsx tools/bench/checkTwins.ts PYTHON [PARITY]
 *
 * A small detector with weights, statistics and pictures drawn here: head outputs, boxes, loss and the gradient's norm must
 * agree within 1e-4. With PARITY, the folder of the CMT authors' numbers (data/parity_cmt_mini of the shared data), the
 * backbone's twin is held to those too.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as tf from '@tensorflow/tfjs-core';
import { parseConfig } from '../../src/config/load.js';
import type { DetectionConfig } from '../../src/config/schema.js';
import { type NamedArray, permuteAxes } from '../../src/formats/namedArray.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { buildDetector } from '../../src/models/build.js';
import { exportAuthors } from '../../src/models/checkpoints/cmtCheckpoint.js';
import { Detector } from '../../src/models/detector.js';
import type { DetectorNetwork } from '../../src/models/detectorNetwork.js';
import { maskPadding, normalisePixels } from '../../src/models/preprocess.js';
import { inference } from '../../src/nn/module.js';
import { Random } from '../../src/random.js';
import { Program } from '../../src/tensorflow/program.js';
import { detectionFeed, detectionLoss } from '../../src/train/detectionBatch.js';
import { TrainStep } from '../../src/train/step.js';
import { Weights } from '../../src/train/weights.js';

const widths = { dims: [16, 32, 64, 128], stemChannels: 8, depths: [1, 1, 2, 1], ratio: 3.6 } as const;
const biasSize = 64;
const classes = 5;
const neckChannels = 32;
/** Neither a square nor the size of the position bias. */
const shape = { batchSize: 2, height: 96, width: 128 };

const [python = 'python3', parity] = process.argv.slice(2);
const check = fileURLToPath(new URL('./pytorch/check.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cmtdet-check-'));
try {
  const file = join(folder, 'detector.safetensors');
  await writeDetector(file);
  execFileSync(python, [check, 'detector', file], { stdio: 'inherit' });
  if (parity !== undefined) execFileSync(python, [check, 'authors', parity], { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true });
}

/** Weights under the twin's names, and what our detector makes of them. */
async function writeDetector(file: string): Promise<void> {
  const network = `{ backbone: { name: cmt, variant: ${JSON.stringify(widths)}, biasSize: ${biasSize}, dropPath: 0 }, neck: { channels: ${neckChannels} } }`;
  const config = parseConfig(
    `{ task: detection, model: ${network}, data: { train: { annotations: none, images: none } } }`,
    'check',
    ['train.clipNorm=null'],
  ) as DetectionConfig;
  const random = new Random(5);
  const model = buildDetector(config.model, classes);
  drawWeights(model, random);

  const { batchSize, height, width } = shape;
  const images = Uint8Array.from({ length: batchSize * height * width * 3 }, () => random.int(256));
  const inputSizes = Int32Array.of(height, width, height, width);
  const input = { images, inputSizes, ...shape };
  const tensors = new Map<string, NamedArray>([
    ['images', { dtype: 'U8', shape: [batchSize, height, width, 3], data: images }],
    ...twinWeights(model),
    ...(await headOutputs(model, input)),
    ...(await detections(model, config, input)),
    ...(await trainingStep(model, config, input, random)), // last: it changes weights and statistics
  ]);
  const { dims, stemChannels: stem, depths, ratio } = widths;
  const twin = { dims, stem, depths, ratio, size: biasSize, classes, channels: neckChannels };
  await writeSafetensors(file, tensors, { network: JSON.stringify(twin) });
}

/** No weight or statistic at a value that would hide a mistake, such as a bias of 0; scores that differ. */
function drawWeights(model: DetectorNetwork, random: Random): void {
  for (const [name, parameter] of model.parameters()) {
    const values = parameter.value;
    const spread = /classify\.weight$/.test(name) ? 0.1 : 0.05;
    if (/variance$/.test(name)) parameter.value = values.map(() => random.uniform(0.5, 1.5));
    else parameter.value = values.map((value) => value + spread * random.normal());
  }
}

function* twinWeights(model: DetectorNetwork): Generator<[string, NamedArray]> {
  const ours = new Map(
    [...model.parameters()].map(([name, { shape, value }]): [string, NamedArray] => [
      name,
      { dtype: 'F32', shape, data: value.slice() },
    ]),
  );
  for (const [name, array] of exportAuthors('check', ours).tensors) yield [`weight/backbone.${name}`, array];
  for (const [name, array] of ours) {
    if (name.startsWith('backbone.')) continue;
    const theirs = name
      .replace(/^(neck|head)\./, '')
      .replace(/^(class|box)Branch\.convs\.(\d)/, (_, branch, i) => `${branch}_branch.${2 * Number(i)}`);
    yield [`weight/${theirs}`, array.shape.length === 4 ? toPytorchKernel(array) : array];
  }
}

/** [kh, kw, I, O] → [O, I, kh, kw] */
function toPytorchKernel({ shape, data }: NamedArray): NamedArray {
  const axes = [3, 2, 0, 1];
  const permuted = permuteAxes(data as Float32Array, shape, axes);
  return { dtype: 'F32', shape: axes.map((axis) => shape[axis]!), data: permuted };
}

type Input = typeof shape & { readonly images: Uint8Array; readonly inputSizes: Int32Array };

async function headOutputs(model: DetectorNetwork, input: Input): Promise<[string, NamedArray][]> {
  const program = new Program();
  const run = program.compile(({ images, sizes }) => {
    const x = maskPadding(normalisePixels(images as tf.Tensor4D), sizes as tf.Tensor2D);
    const levels = model.forward(x, inference);
    return Object.fromEntries(
      levels.flatMap((level, i) => Object.entries(level).map(([name, tensor]) => [`${name}/${i}`, tensor])),
    );
  });
  const { images, inputSizes, batchSize, height, width } = input;
  const outputs = await run({
    images: { data: images, shape: [batchSize, height, width, 3] },
    sizes: { data: inputSizes, shape: [batchSize, 2] },
  });
  await program.dispose();
  return Object.entries(outputs).map(([name, { data, shape }]) => [
    name,
    { dtype: 'F32', shape, data: data as Float32Array },
  ]);
}

async function detections(
  model: DetectorNetwork,
  config: DetectionConfig,
  input: Input,
): Promise<[string, NamedArray][]> {
  const detector = new Detector(model, {
    format: 2,
    kind: 'detector',
    epoch: 0,
    step: 0,
    metrics: {},
    model: config.model,
    categories: Array.from({ length: classes }, (_, id) => ({ id, name: String(id) })),
    input: { shortSide: input.height, longSide: input.width, colourProfiles: 'apply' },
    inference: config.inference,
  });
  const found = await detector.detectBatch(input, Array(input.batchSize).fill(input), { scoreThreshold: 0 });
  await detector.dispose();
  return found.flatMap(({ boxes, scores, labels }, i): [string, NamedArray][] => [
    [`boxes/${i}`, { dtype: 'F32', shape: [scores.length, 4], data: boxes }],
    [`scores/${i}`, { dtype: 'F32', shape: [scores.length], data: scores }],
    [`labels/${i}`, { dtype: 'I32', shape: [scores.length], data: labels }],
  ]);
}

async function trainingStep(
  model: DetectorNetwork,
  config: DetectionConfig,
  input: Input,
  random: Random,
): Promise<[string, NamedArray][]> {
  const { batchSize, height, width } = input;
  const boxes = Array.from({ length: batchSize }, () => {
    const [x, y] = [random.uniform(0, width / 2), random.uniform(0, height / 2)];
    return Float32Array.of(x, y, x + 40, y + 30);
  });
  const labels = boxes.map(() => Int32Array.of(random.int(classes)));
  const feed = detectionFeed({ ...input, boxes, labels }, model.head);
  const program = new Program();
  const weights = new Weights(model, config.train.optimizer, null);
  const step = new TrainStep(program, {
    parameters: weights.parameters,
    loss: (inputs, ctx) => detectionLoss(model, inputs, ctx),
    optimizer: weights.optimizer,
    clipNorm: null,
    accumulate: 1,
    ema: null,
    seed: 0,
  });
  const { loss, gradientNorm } = await step.run(feed, { learningRate: 0, t: 1, draw: 1 });
  await program.dispose();
  const number = (value: number): NamedArray => ({ dtype: 'F32', shape: [], data: Float32Array.of(value) });
  return [
    ['target labels', { dtype: 'I32', shape: feed.labels!.shape, data: feed.labels!.data as Int32Array }],
    ['target deltas', { dtype: 'F32', shape: feed.deltas!.shape, data: feed.deltas!.data as Float32Array }],
    ['loss', number(loss)],
    ['gradient norm', number(gradientNorm)],
  ];
}
