import * as tf from '@tensorflow/tfjs-core';
import { ClassifierModel } from '../../src/config/modelSchema.js';
import type { ModelDescription } from '../../src/models/checkpoints/description.js';
import { BatchNorm, Conv2d } from '../../src/nn/layers.js';
import { type ForwardContext, Module, seedParameters } from '../../src/nn/module.js';
import { dropout } from '../../src/nn/ops/drop.js';
import { Random } from '../../src/random.js';
import type { HostTensor } from '../../src/tensorflow/hostTensor.js';
import type { Metrics, Task } from '../../src/train/task.js';

/** Of a run of the toy: 12 steps, if nothing else is set. */
export const toyConfig = `
task: classification
model: { backbone: { name: cmt, variant: cmt_ti } }
data: { train: somewhere }
train:
  epochs: 3
  batchSize: 2
  optimizer: { name: adamw, lr: 0.01, baseBatch: null, weightDecay: 0.05 }
  schedule: { name: cosine, warmupSteps: 3 }
`;

interface ToyBatch {
  readonly x: Float32Array;
  readonly name: string;
}

/** A convolution, a batch normalisation and a dropout: the smallest network with all that a run has to keep. */
export class ToyModel extends Module {
  readonly conv = new Conv2d(1, 4, { kernel: 3 });
  readonly norm = new BatchNorm(4);

  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    return dropout(this.norm.forward(this.conv.forward(x), ctx), 0.2, ctx);
  }
}

export interface ToyOptions {
  /** Of each epoch, or of one epoch after the other. */
  readonly batches?: number | readonly number[];
  /** Epoch and position of batches that hold a value that is no number. */
  readonly broken?: readonly string[];
  readonly metrics?: readonly number[];
}

/** A task whose batches follow from epoch and position, without files. */
export class ToyTask implements Task<ToyBatch> {
  readonly model = new ToyModel();
  readonly identity = { model: 'toy' };
  readonly bestMetric = 'score';
  readonly batchSize = 2;
  readonly shapes = 1;
  readonly measures = true;
  readonly seen: string[] = [];
  readonly evaluated: Map<string, Float32Array>[] = [];

  constructor(readonly options: ToyOptions = {}) {
    seedParameters(this.model, 7);
  }

  batchesPerEpoch(epoch: number): number {
    const { batches = 4 } = this.options;
    return typeof batches === 'number' ? batches : batches[epoch]!;
  }

  async *batches(epoch: number, skip: number): AsyncGenerator<ToyBatch> {
    for (let position = skip; position < this.batchesPerEpoch(epoch); position++) {
      const random = new Random(1).fork(epoch, position);
      const x = Float32Array.from({ length: 2 * 36 }, () => random.normal());
      const name = `${epoch}/${position}`;
      if (this.options.broken?.includes(name)) x[5] = Number.NaN;
      this.seen.push(name);
      yield { x, name };
    }
  }

  underWay(): string[] {
    return ['a.jpg'];
  }

  feed({ x }: ToyBatch): Record<string, HostTensor> {
    return { x: { data: x, shape: [2, 6, 6, 1] } };
  }

  files({ name }: ToyBatch): string[] {
    return [name];
  }

  loss({ x }: Readonly<Record<string, tf.Tensor>>, ctx: ForwardContext) {
    const y = this.model.forward(x as tf.Tensor4D, ctx);
    return {
      near: tf.mean<tf.Scalar>(tf.square(tf.sub(y, 0.5))),
      small: tf.mul(tf.mean<tf.Scalar>(tf.abs(y)), 0.1) as tf.Scalar,
    };
  }

  async evaluate(values: ReadonlyMap<string, Float32Array>): Promise<Metrics> {
    this.evaluated.push(new Map([...values].map(([name, value]) => [name, value.slice()])));
    return { score: this.options.metrics?.[this.evaluated.length - 1] ?? this.evaluated.length };
  }

  curves() {
    return [{ name: 'all', objects: 2, right: [1, 0], wrong: [0, 0] }];
  }

  async examples(count: number) {
    const picture = { bytes: Uint8Array.of(1, 2, 3), width: 5, height: 4 };
    return new Map(Array.from({ length: count }, (_, i) => [`${i}.jpg`, picture]));
  }

  describe({ epoch, step, metrics }: { epoch: number; step: number; metrics: Metrics }): ModelDescription {
    const model = ClassifierModel.parse({ backbone: { name: 'cmt', variant: 'cmt_ti' } });
    return {
      format: 2,
      kind: 'classifier',
      epoch,
      step,
      metrics: { ...metrics },
      model,
      classes: ['a'],
      input: { size: 32, cropFraction: 1, interpolation: 'bicubic', colourProfiles: 'apply' },
    };
  }
}
