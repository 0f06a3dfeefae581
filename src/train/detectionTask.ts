/** Training of a detector on COCO json. */
import type * as tf from '@tensorflow/tfjs-core';
import type { DetectionConfig } from '../config/schema.js';
import { boxesBeyondAnchors } from '../data/coco/anchorFit.js';
import type { DetectionColumns } from '../data/coco/detectionColumns.js';
import { learningProblems } from '../data/coco/health.js';
import { packColumns, unpackColumns } from '../data/coco/packColumns.js';
import type { DetectionBatch, DetectionLoader } from '../data/detection/loader.js';
import { chooseShapes } from '../data/detection/shapes.js';
import type { RgbImage } from '../data/image/image.js';
import { orBroken } from '../data/loading/pictureReader.js';
import { boxesOn } from '../draw/drawBoxes.js';
import { DatasetError } from '../errors.js';
import { evaluateCoco } from '../eval/cocoEval.js';
import { prepareEvalData } from '../eval/evalData.js';
import { type ScoreCounts, scoreCounts } from '../eval/scoreCounts.js';
import { buildDetector } from '../models/build.js';
import { type DetectorDescription, describeDetector } from '../models/checkpoints/description.js';
import { Detector } from '../models/detector.js';
import type { DetectorNetwork } from '../models/detectorNetwork.js';
import { detectAll } from '../models/evaluateDetector.js';
import type { LossParts } from '../models/heads/denseHead.js';
import type { ForwardContext } from '../nn/module.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import { digestOfDetection } from './dataDigest.js';
import { detectionFeed, detectionLoss } from './detectionBatch.js';
import {
  byFileName,
  checkSameCategories,
  evaluationLoader,
  namesBelow,
  type OpenedSplit,
  openSplit,
  tellOfSplit,
  trainingLoader,
} from './detectionData.js';
import { engineOptions } from './engineOptions.js';
import type { EventPicture } from './eventFile.js';
import { workerCount } from './loaderSettings.js';
import type { DataEvents, Metrics, Task } from './task.js';
import { meanLoss, ValidationLoss } from './validationLoss.js';
import type { Workers } from './workers.js';

export class DetectionTask implements Task<DetectionBatch> {
  readonly model: DetectorNetwork;
  readonly bestMetric = 'AP';
  readonly #config: DetectionConfig;
  readonly #train: OpenedSplit;
  readonly #val: OpenedSplit | undefined;
  readonly #loader: DetectionLoader;
  readonly #valLoader: DetectionLoader | undefined;
  readonly #workers: Workers | undefined;
  /** Those of training at the short side of inference: checkpoints say them, so that all who use one pad pictures alike. */
  readonly #inferenceShapes: readonly [height: number, width: number][];
  #detector: Detector | undefined;
  #loss: ValidationLoss | undefined;
  /** What was found at the last measurement, where curves are made of it; of several workers, the first one has it. */
  #found: DetectionColumns | undefined;

  private constructor(
    config: DetectionConfig,
    train: OpenedSplit,
    val: OpenedSplit | undefined,
    events: DataEvents,
    workers?: Workers,
  ) {
    this.#config = config;
    this.#workers = workers;
    this.#train = train;
    this.#val = val;
    this.model = buildDetector(config.model, train.dataset.categories.length, config.train);
    const { data } = config;
    const common = { workers: workerCount(data.workers), ...(workers && { shard: workers.shard }) };
    this.#loader = trainingLoader(train.dataset, data, config.train, {
      ...common,
      onSkipped: byFileName(data.train.images, events.onSkipped),
    });
    const { shortSide, longSide, maxShapes } = data;
    const { shapes } = chooseShapes(train.dataset.records, { shortSides: [shortSide], longSide, maxShapes });
    this.#inferenceShapes = shapes.map(({ height, width }) => [height, width]);
    const input = { ...data, shapes: this.#inferenceShapes };
    this.#valLoader =
      val &&
      evaluationLoader(val.dataset, input, config.inference.batchSize ?? config.train.batchSize, {
        ...common,
        onBroken: data.onBroken,
        onSkipped: byFileName(data.val!.images, events.onSkipped),
      });
  }

  /**
   * Opens the data and builds the network.
   *
   * @param workers with whom it trains and measures, each on a part
   * @throws DatasetError with every problem of the data that can be seen before the first step
   */
  static async open(config: DetectionConfig, events: DataEvents, workers?: Workers): Promise<DetectionTask> {
    const { train, val, keepEmpty, missing, onBroken } = config.data;
    const policy = { missing, onBroken, onLooked: events.onLooked };
    const opened = await openSplit(train, { key: 'data.train', empty: keepEmpty ? 'keep' : 'drop', ...policy });
    const nothing = learningProblems(opened.coco);
    if (nothing.length > 0)
      throw new DatasetError(train.annotations, nothing, 'There is nothing to learn from these (data.train).');
    const openedVal = val === null ? undefined : await openSplit(val, { key: 'data.val', empty: 'keep', ...policy });
    if (openedVal) checkSameCategories(opened.dataset, openedVal.dataset, val!.annotations);
    tellOfSplit(opened, train.annotations, events);
    for (const repair of opened.dataset.summary.repairs.targets) events.onRepair(train.annotations, repair);
    if (openedVal) tellOfSplit(openedVal, val!.annotations, events);
    return new DetectionTask(config, opened, openedVal, events, workers);
  }

  /** Counts of the training set: pictures, boxes, and what was left out. */
  get summary() {
    return this.#train.dataset.summary;
  }

  get valSummary() {
    return this.#val?.dataset.summary;
  }

  /** Boxes to learn from that no anchor of the head can learn; null for a head without anchors. */
  get boxesBeyondAnchors(): number | null {
    const { model, data } = this.#config;
    return model.head.name === 'retinanet' ? boxesBeyondAnchors(this.#train.coco, data, model.head.anchors) : null;
  }

  get categories() {
    return this.#train.dataset.categories;
  }

  get identity(): Record<string, string> {
    const { train, val } = this.#config.data;
    return {
      categories: JSON.stringify(this.categories),
      'training data': digestOfDetection(this.#train.dataset, train.images),
      'val data': this.#val && val ? digestOfDetection(this.#val.dataset, val.images) : 'none',
    };
  }

  get batchSize(): number {
    return this.#config.train.batchSize;
  }

  get shapes(): number {
    return this.#loader.shapes().length;
  }

  get measures(): boolean {
    return this.#val !== undefined;
  }

  batchesPerEpoch(epoch: number): number {
    return this.#loader.batchesPerEpoch(epoch);
  }

  batches(epoch: number, skip: number): AsyncIterable<DetectionBatch> {
    return this.#loader.epoch(epoch, { skipBatches: skip });
  }

  underWay(): string[] {
    return this.#loader.underWay();
  }

  files({ records }: DetectionBatch): string[] {
    return records.map(({ file }) => file);
  }

  feed(batch: DetectionBatch): Record<string, HostTensor> {
    return detectionFeed(batch, this.model.head);
  }

  loss(inputs: Readonly<Record<string, tf.Tensor>>, ctx: ForwardContext): LossParts<string> {
    return detectionLoss(this.model, inputs, ctx);
  }

  async evaluate(
    values: ReadonlyMap<string, Float32Array>,
    onProgress: (done: number, total: number) => void,
  ): Promise<Metrics> {
    const detector = this.#evaluationDetector();
    for (const [name, parameter] of detector.model.parameters()) parameter.value = values.get(name)!;
    await detector.refresh();
    return { ...(await this.#precision(detector, onProgress)), ...(await this.#lossOn(detector.model)) };
  }

  async #precision(detector: Detector, onProgress: (done: number, total: number) => void): Promise<Metrics> {
    const { coco, dataset } = this.#val!;
    const workers = this.#workers;
    const total = dataset.records.length;
    const own = await detectAll(detector, this.#valLoader!, (done) => onProgress(done * (workers?.count ?? 1), total));
    const all = workers === undefined ? own : unpackColumns(await workers.gather(packColumns(own)));
    if (this.#config.train.tensorboard.curves && (workers === undefined || workers.index === 0)) this.#found = all;
    const stats = () => ({ ...evaluateCoco(coco, all).stats });
    return workers === undefined ? stats() : workers.fromFirst(workers.index === 0 ? stats() : {});
  }

  /** The loss on val, where it is asked for. */
  async #lossOn(model: DetectorNetwork): Promise<Metrics> {
    if (!this.#config.train.validationLoss) return {};
    this.#loss ??= new ValidationLoss(
      model,
      (inputs, ctx) => detectionLoss(model, inputs, ctx),
      engineOptions(this.#config.engine),
    );
    const own = await this.#loss.measure(this.#valLoader!.epoch(0), (batch) => detectionFeed(batch, model.head));
    return { loss: meanLoss(this.#workers ? await this.#workers.gatherJson(own) : [own]) };
  }

  curves(): readonly ScoreCounts[] {
    if (this.#found === undefined) return [];
    return scoreCounts(prepareEvalData(this.#val!.coco, this.#found, { useCats: false, source: 'what was found' }));
  }

  async examples(count: number): Promise<ReadonlyMap<string, EventPicture>> {
    const pictures = new Map<string, EventPicture>();
    const { colourProfiles, val } = this.#config.data;
    const decode = openDecoder(colourProfiles);
    const nameOf = namesBelow(val!.images);
    for (const { file } of this.#val!.dataset.records) {
      if (pictures.size === count) break;
      const image = await orBroken(file, decode(file));
      if ('reason' in image) continue; // the measurement has told of it, or ended the run
      pictures.set(nameOf(file), await drawnExample(image, this.#evaluationDetector()));
    }
    return pictures;
  }

  describe(progress: { epoch: number; step: number; metrics: Metrics }): DetectorDescription {
    return describeDetector(this.#config, this.categories, progress, this.#inferenceShapes);
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#loader.close(),
      this.#valLoader?.close(),
      this.#detector?.dispose(),
      this.#loss?.dispose(),
    ]);
  }

  /** A detector of its own: the training session's variables stay as they are. */
  #evaluationDetector(): Detector {
    if (this.#detector === undefined) {
      const description = describeDetector(this.#config, this.categories, undefined, this.#inferenceShapes);
      const model = buildDetector(this.#config.model, this.categories.length);
      this.#detector = new Detector(model, description, engineOptions(this.#config.engine));
    }
    return this.#detector;
  }
}

/** Scores below are drawn by nobody. */
const leastShown = 0.3;

async function drawnExample(image: RgbImage, detector: Detector): Promise<EventPicture> {
  const labels = new Map(detector.categories.map(({ id }, label) => [id, label]));
  const found = await detector.detect(image, { scoreThreshold: leastShown });
  const boxes = found.map(({ box, categoryId, label, score }) => ({
    box,
    label: labels.get(categoryId)!,
    text: `${label} ${score.toFixed(2)}`,
  }));
  const { data, info } = await (await boxesOn(image, boxes.reverse())).png().toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height };
}
