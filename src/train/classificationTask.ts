/** Pretraining of a classifier on class folders, as ImageNet has them. */
import type * as tf from '@tensorflow/tfjs-core';
import type { ClassificationConfig } from '../config/schema.js';
import { type ClassificationDataset, takeFraction } from '../data/classification/dataset.js';
import { EvaluationLoader } from '../data/classification/evaluationLoader.js';
import { type ClassificationBatch, ClassificationLoader } from '../data/classification/loader.js';
import { openClassificationDataset } from '../data/classification/openDataset.js';
import { readablePart } from '../data/classification/readable.js';
import type { ScoreCounts } from '../eval/scoreCounts.js';
import { accuracyOf, countCorrect } from '../models/accuracy.js';
import { buildClassifier } from '../models/build.js';
import type { ClassifierDescription } from '../models/checkpoints/description.js';
import { Classifier } from '../models/classifier.js';
import type { ClassifierNetwork } from '../models/classifiers/classifierNetwork.js';
import type { LossParts } from '../models/heads/denseHead.js';
import type { ForwardContext } from '../nn/module.js';
import { Random } from '../random.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { decoderModule } from '../tensorflow/jpegDecoder.js';
import {
  classificationFeed,
  classificationLoss,
  plainClassificationFeed,
  plainClassificationLoss,
} from './classificationBatch.js';
import { digestOfClasses } from './dataDigest.js';
import { engineOptions } from './engineOptions.js';
import type { EventPicture } from './eventFile.js';
import { cacheOptions, workerCount } from './loaderSettings.js';
import type { DataEvents, Metrics, Task } from './task.js';
import { meanLoss, ValidationLoss } from './validationLoss.js';
import type { Workers } from './workers.js';

interface Sets {
  readonly train: ClassificationDataset;
  readonly val: ClassificationDataset | undefined;
}

export class ClassificationTask implements Task<ClassificationBatch> {
  readonly model: ClassifierNetwork;
  readonly bestMetric = 'top1';
  readonly #config: ClassificationConfig;
  readonly #sets: Sets;
  readonly #loader: ClassificationLoader;
  readonly #valLoader: EvaluationLoader | undefined;
  readonly #workers: Workers | undefined;
  #classifier: Classifier | undefined;
  #loss: ValidationLoss | undefined;

  private constructor(config: ClassificationConfig, sets: Sets, { onSkipped }: DataEvents, workers?: Workers) {
    const { data, train, inference } = config;
    const { prefetch, onBroken, colourProfiles } = data;
    this.#config = config;
    this.#workers = workers;
    this.#sets = sets;
    this.model = buildClassifier(config.model, sets.train.classes.length, train);
    const cache = cacheOptions(data);
    const common = {
      workers: workerCount(data.workers),
      prefetch,
      onBroken,
      onSkipped,
      colourProfiles,
      decoder: decoderModule,
      ...(workers && { shard: workers.shard }),
    };
    this.#loader = new ClassificationLoader({
      ...common,
      ...(cache && { cache }),
      dataset: sets.train,
      batchSize: train.batchSize,
      accumulate: train.accumulate,
      transform: data,
      mix: {
        mixupAlpha: data.mixup,
        cutmixAlpha: data.cutmix,
        probability: data.mixProbability,
        switchProbability: data.switchProbability,
        groups: data.mixGroups,
      },
      smoothing: data.smoothing,
      repeats: data.repeatedAugmentation,
      seed: train.seed,
    });
    this.#valLoader =
      sets.val &&
      new EvaluationLoader({
        ...common,
        dataset: sets.val,
        batchSize: inference.batchSize ?? train.batchSize,
        transform: data,
      });
  }

  /**
   * @param workers with whom it trains and measures, each on a part
   * @throws DatasetError with every problem of the data that can be seen before the first step
   */
  static async open(config: ClassificationConfig, events: DataEvents, workers?: Workers): Promise<ClassificationTask> {
    const { train, val, valLabels, trainFraction, onBroken } = config.data;
    const whole = await openClassificationDataset(train);
    const random = new Random(config.train.seed);
    const { onSkipped, onRepair, onLooked } = events;
    const readable = (set: ClassificationDataset) => readablePart(set, { onBroken, onSkipped, onRepair, onLooked });
    const sets = {
      train: await readable(takeFraction(whole, trainFraction, random)),
      val:
        val === null
          ? undefined
          : await readable(await openClassificationDataset(val, { labels: valLabels, classes: whole.classes })),
    };
    return new ClassificationTask(config, sets, events, workers);
  }

  get classes(): readonly string[] {
    return this.#sets.train.classes;
  }

  /** Pictures to train and to measure on. */
  get counts(): { readonly train: number; readonly val: number } {
    return { train: this.#sets.train.pictures.length, val: this.#sets.val?.pictures.length ?? 0 };
  }

  get identity(): Record<string, string> {
    const { train, val } = this.#sets;
    return {
      classes: JSON.stringify(this.classes),
      'training data': digestOfClasses(train),
      'val data': val ? digestOfClasses(val) : 'none',
    };
  }

  readonly shapes = 1;

  get batchSize(): number {
    return this.#config.train.batchSize;
  }

  get measures(): boolean {
    return this.#valLoader !== undefined;
  }

  batchesPerEpoch(): number {
    return this.#loader.batchesPerEpoch;
  }

  batches(epoch: number, skip: number): AsyncIterable<ClassificationBatch> {
    return this.#loader.epoch(epoch, { skipBatches: skip });
  }

  underWay(): string[] {
    return this.#loader.underWay();
  }

  files({ files }: ClassificationBatch): readonly string[] {
    return files;
  }

  feed(batch: ClassificationBatch): Record<string, HostTensor> {
    return classificationFeed(batch, this.classes.length);
  }

  loss(inputs: Readonly<Record<string, tf.Tensor>>, ctx: ForwardContext): LossParts<'entropy'> {
    return classificationLoss(this.model, this.#config.data, inputs, ctx);
  }

  async evaluate(
    values: ReadonlyMap<string, Float32Array>,
    onProgress: (done: number, total: number) => void,
  ): Promise<Metrics> {
    const loader = this.#valLoader!;
    this.#classifier ??= new Classifier(
      buildClassifier(this.#config.model, this.classes.length),
      engineOptions(this.#config.engine),
    );
    for (const [name, parameter] of this.#classifier.model.parameters()) parameter.value = values.get(name)!;
    await this.#classifier.refresh();
    const own = await countCorrect(this.#classifier, loader, (done) => onProgress(done, loader.count));
    const accuracy = accuracyOf(this.#workers ? await this.#workers.gatherJson(own) : [own]);
    return { ...accuracy, ...(await this.#lossOn(this.#classifier.model)) };
  }

  /** The loss on val, where it is asked for: against the labels as they are. */
  async #lossOn(model: ClassifierNetwork): Promise<Metrics> {
    if (!this.#config.train.validationLoss) return {};
    this.#loss ??= new ValidationLoss(
      model,
      (inputs) => plainClassificationLoss(model, inputs),
      engineOptions(this.#config.engine),
    );
    const own = await this.#loss.measure(this.#valLoader!.batches(), (batch) =>
      plainClassificationFeed(batch, this.classes.length),
    );
    return { loss: meanLoss(this.#workers ? await this.#workers.gatherJson(own) : [own]) };
  }

  /** None: they are of detections. */
  curves(): readonly ScoreCounts[] {
    return [];
  }

  /** None: a class is no picture. */
  async examples(): Promise<ReadonlyMap<string, EventPicture>> {
    return new Map<string, EventPicture>();
  }

  describe({ epoch, step, metrics }: { epoch: number; step: number; metrics: Metrics }): ClassifierDescription {
    const { model, data } = this.#config;
    const { size, cropFraction, interpolation, colourProfiles } = data;
    const input = { size, cropFraction, interpolation, colourProfiles };
    return {
      format: 2,
      kind: 'classifier',
      epoch,
      step,
      metrics: { ...metrics },
      model,
      classes: [...this.classes],
      input,
    };
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#loader.close(),
      this.#valLoader?.close(),
      this.#classifier?.dispose(),
      this.#loss?.dispose(),
    ]);
  }
}
