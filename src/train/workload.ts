/**
 * A network's work on made-up pictures: one training step, or one batch through inference, by the same code as a run's and a
 * user's. `cmtdet profile` and the benchmarks time it.
 */
import type { ClassificationConfig, Config, DetectionConfig } from '../config/schema.js';
import { rgbChannels } from '../data/image/image.js';
import { NonFiniteError } from '../errors.js';
import { buildClassifier, buildDetector } from '../models/build.js';
import { Classifier } from '../models/classifier.js';
import type { Detector } from '../models/detector.js';
import { freshDetector } from '../models/freshDetector.js';
import { pixelDeviation, pixelMean } from '../models/preprocess.js';
import type { Module } from '../nn/module.js';
import { Random } from '../random.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import type { Plan } from '../tensorflow/plan.js';
import { Program } from '../tensorflow/program.js';
import type { OperationTiming } from '../tensorflow/timings.js';
import { classificationFeed, classificationLoss } from './classificationBatch.js';
import { detectionFeed, detectionLoss } from './detectionBatch.js';
import { engineOptions } from './engineOptions.js';
import { type StepOptions, TrainStep } from './step.js';
import { Weights } from './weights.js';
import type { Workers } from './workers.js';

export interface Workload {
  /** Does the work once. The first time also traces the graph. */
  run(): Promise<void>;
  /** What one run of the graph would execute; nothing is computed, and no weight is made. */
  plan(): Promise<Plan>;
  /** The operations of each run of the graph that `body` makes. */
  profile(body: () => Promise<unknown>): Promise<OperationTiming[][]>;
  dispose(): Promise<void>;
}

/** A batch of pictures. Height and width are multiples of 32, and equal for a classifier. */
export interface BatchShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Small enough that weights stay as they were drawn, however many steps are timed. */
const learningRate = 1e-7;
const boxesPerPicture = 8;

/**
 * A training step of a config: forward, backward, update. Reading pictures and matching anchors are not in it; in a run they
 * happen ahead of the step.
 *
 * @param classes K
 * @param workers those that make the step together, each with a batch of this shape
 */
export function trainingWorkload(config: Config, classes: number, shape: BatchShape, workers?: Workers): Workload {
  const { model, feed, loss } =
    config.task === 'detection' ? detectorTraining(config, classes, shape) : classifierTraining(config, classes, shape);
  const { optimizer, ema, clipNorm, accumulate, seed, batchStatistics } = config.train;
  const program = new Program(engineOptions(config.engine), workers?.server);
  const weights = new Weights(model, optimizer, ema);
  const step = new TrainStep(program, {
    parameters: weights.parameters,
    loss,
    optimizer: weights.optimizer,
    clipNorm,
    accumulate,
    ema: weights.ema,
    seed,
    workers,
    syncStatistics: batchStatistics === 'sync',
  });
  // Float16 is timed with the operations of loss scaling. At a scale of 1, no step is left out because of it.
  const lossScale = config.engine.mixedPrecision === 'float16' ? 1 : null;
  let steps = 0;
  const next = () => step.run(feed, { learningRate, t: ++steps, draw: steps, lossScale });
  return {
    async run() {
      const result = await next();
      // The update of such a step is left out, so its time would be too short.
      if (!result.finite) throw new NonFiniteError(`step ${steps} on made-up pictures: the loss is ${result.loss}`);
    },
    plan: async () => (await program.plan(next))[0]!,
    profile: (body) => program.profile(body),
    dispose: () => program.dispose(),
  };
}

/**
 * A batch through a detector or a classifier, as their users call them: 8-bit pictures to boxes, normalised pictures to logits.
 *
 * Weights that nothing was learnt with score every anchor alike, so the detector's threshold is 0: as many candidates as there
 * can be go through suppression.
 *
 * @param classes K
 */
export function inferenceWorkload(config: Config, classes: number, shape: BatchShape): Workload {
  const engine = engineOptions(config.engine);
  const { batch, height, width } = shape;
  if (config.task === 'classification') {
    const classifier = new Classifier(buildClassifier(config.model, classes), engine);
    const images = normalised(pixels(shape));
    return workloadOf(classifier, () => classifier.logits(images, [batch, height, width, rgbChannels]));
  }
  const detector = freshDetector(config, classes, engine);
  const sizes = Array.from({ length: batch }, () => ({ height, width }));
  const input = { ...inputOf(shape), images: pixels(shape) };
  return workloadOf(detector, () => detector.detectBatch(input, sizes, { scoreThreshold: 0 }));
}

function workloadOf(
  owner: Pick<Detector | Classifier, 'plan' | 'profile' | 'dispose'>,
  work: () => Promise<unknown>,
): Workload {
  return {
    async run() {
      await work();
    },
    plan: async () => (await owner.plan(work))[0]!,
    profile: (body) => owner.profile(body),
    dispose: () => owner.dispose(),
  };
}

interface Training {
  readonly model: Module;
  readonly feed: Readonly<Record<string, HostTensor>>;
  readonly loss: StepOptions<string, string>['loss'];
}

function detectorTraining({ model: config, train }: DetectionConfig, classes: number, shape: BatchShape): Training {
  const { batch, height, width } = shape;
  const random = new Random(2);
  const perPicture = <T>(make: () => T) => Array.from({ length: batch }, make);
  const box = () => {
    const [x, y] = [random.uniform(0, 0.7 * width), random.uniform(0, 0.7 * height)];
    return [x, y, x + random.uniform(0.1, 0.3) * width, y + random.uniform(0.1, 0.3) * height];
  };
  const boxes = perPicture(() => Float32Array.from(Array.from({ length: boxesPerPicture }, box).flat()));
  const labels = perPicture(() => Int32Array.from({ length: boxesPerPicture }, () => random.int(classes)));
  const model = buildDetector(config, classes, train);
  return {
    model,
    feed: detectionFeed({ ...inputOf(shape), images: pixels(shape), boxes, labels }, model.head),
    loss: (inputs, ctx) => detectionLoss(model, inputs, ctx),
  };
}

function classifierTraining(
  { model: config, data, train }: ClassificationConfig,
  classes: number,
  shape: BatchShape,
): Training {
  const { batch, width: size } = shape;
  const targets = new Float32Array(batch * classes);
  for (let b = 0; b < batch; b++) targets[b * classes + (b % classes)] = 1;
  const model = buildClassifier(config, classes, train);
  const nowhere = new Int32Array(4 * batch);
  const mixing = { erase: nowhere, blend: new Float32Array(batch).fill(1), cut: nowhere };
  return {
    model,
    feed: classificationFeed({ images: pixels(shape), batchSize: batch, size, targets, ...mixing }, classes),
    loss: (inputs, ctx) => classificationLoss(model, data, inputs, ctx),
  };
}

/** Pictures that fill their input. */
function inputOf({ batch, height, width }: BatchShape) {
  const inputSizes = Int32Array.from({ length: 2 * batch }, (_, i) => (i % 2 === 0 ? height : width));
  return { batchSize: batch, height, width, inputSizes };
}

/** [B, H, W, 3] noise. */
function pixels({ batch, height, width }: BatchShape): Uint8Array {
  const random = new Random(1);
  return Uint8Array.from({ length: batch * height * width * rgbChannels }, () => random.int(256));
}

/** As `normalisePixels` does it in the graph. */
function normalised(images: Uint8Array): Float32Array {
  return Float32Array.from(images, (value, i) => (value - pixelMean[i % 3]!) / pixelDeviation[i % 3]!);
}
