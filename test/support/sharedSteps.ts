/** Some training steps of a small network, by one worker or by several. As a script: the part of one of several workers. */
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { parseConfig } from '../../src/config/load.js';
import { deal } from '../../src/data/loading/shard.js';
import { clusterFromEnvironment } from '../../src/distributed/cluster.js';
import { BatchNorm, Conv2d } from '../../src/nn/layers.js';
import { type ForwardContext, Module, seedParameters } from '../../src/nn/module.js';
import { dropPath } from '../../src/nn/ops/drop.js';
import { Random } from '../../src/random.js';
import { Program } from '../../src/tensorflow/program.js';
import { type StepResult, TrainStep } from '../../src/train/step.js';
import { Weights } from '../../src/train/weights.js';
import { Workers } from '../../src/train/workers.js';

export interface SharedSteps {
  /** Of all workers together. */
  readonly batchSize: number;
  readonly accumulate?: number;
  readonly batchNorm: 'local' | 'sync' | 'frozen';
  readonly steps: number;
  /** Batches in which one picture holds a value that is no number. */
  readonly broken?: readonly number[];
  readonly lossScale?: number;
  /** Compile chains, as large tensors on CPUs have it. */
  readonly fuse?: boolean;
}

export interface SharedOutcome {
  readonly results: readonly StepResult<string>[];
  readonly values: Readonly<Record<string, number[]>>;
}

class SmallNetwork extends Module {
  readonly first = new Conv2d(1, 6, { kernel: 3 });
  readonly firstNorm = new BatchNorm(6);
  readonly second = new Conv2d(6, 6, { kernel: 3 });
  readonly secondNorm = new BatchNorm(6);

  forward(x: tf.Tensor4D, ctx: ForwardContext): tf.Tensor4D {
    const y = this.firstNorm.forwardGelu(this.first.forward(x), ctx);
    return tf.add(y, dropPath(this.secondNorm.forward(this.second.forward(y), ctx), 0.3, ctx));
  }
}

const side = 6;
const { optimizer } = parseConfig(
  '{ task: classification, model: { backbone: { name: cmt, variant: cmt_ti } }, data: { train: x }, train: { optimizer: { name: sgd, momentum: 0.9, weightDecay: 1e-3 } } }',
  'test',
).train;

/** [B, side, side, 1] of one worker, and how many things there are to find in its pictures. */
function part(position: number, batchSize: number, shard: { index: number; count: number }, broken: boolean) {
  const random = new Random(1).fork(position);
  const whole = Array.from({ length: batchSize }, (_, row) => ({
    pixels: Float32Array.from({ length: side * side }, () => random.normal()),
    count: 1 + (row % 3),
  }));
  if (broken) whole[batchSize - 1]!.pixels[3] = Number.NaN;
  const own = deal(whole, shard);
  return {
    x: { data: Float32Array.from(own.flatMap(({ pixels }) => [...pixels])), shape: [own.length, side, side, 1] },
    normaliser: { data: Float32Array.of(own.reduce((sum, { count }) => sum + count, 0)), shape: [] },
  };
}

export async function sharedSteps(settings: SharedSteps, workers?: Workers): Promise<SharedOutcome> {
  const { batchSize, accumulate = 1, batchNorm, steps, broken = [], lossScale = null, fuse = false } = settings;
  const shard = workers ?? { index: 0, count: 1 };
  const model = new SmallNetwork();
  seedParameters(model, 3 + shard.index); // the first worker's weights count
  if (batchNorm === 'frozen') for (const norm of [model.firstNorm, model.secondNorm]) norm.frozen = true;
  const weights = new Weights(model, optimizer, 0.9);
  const program = new Program({ fuse }, workers?.server);
  const step = new TrainStep(program, {
    parameters: weights.parameters,
    loss: ({ x, normaliser }: Record<'x' | 'normaliser', tf.Tensor>, ctx) => {
      const found = tf.sum<tf.Scalar>(tf.square(tf.sub(model.forward(x as tf.Tensor4D, ctx), 0.5)));
      return { near: tf.div<tf.Scalar>(found, ctx.together ? ctx.together.mean(normaliser) : normaliser) };
    },
    optimizer: weights.optimizer,
    clipNorm: 5,
    accumulate,
    ema: weights.ema,
    seed: 1,
    workers,
    syncStatistics: batchNorm === 'sync',
  });
  if (workers) await weights.copyFromFirst(program, workers);
  const results: StepResult<string>[] = [];
  for (let i = 0; i < steps * accumulate; i++) {
    const update = (i + 1) % accumulate === 0;
    const batch = part(i, batchSize, shard, broken.includes(i));
    const t = 1 + Math.floor(i / accumulate);
    const run = step.run(batch, { learningRate: 0.01, t, draw: i, update, lossScale });
    results.push(await (workers ? workers.during(run) : run));
  }
  await program.pull([...weights.all()].map(([, variable]) => variable));
  await program.dispose();
  return { results, values: Object.fromEntries([...weights.all()].map(([name, { value }]) => [name, [...value]])) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log = console.error; // standard output is for the result
  const runs: readonly SharedSteps[] = JSON.parse(process.argv[2]!);
  const workers = await Workers.join(clusterFromEnvironment(process.env)!, {}, { timeout: 60 });
  const outcomes: SharedOutcome[] = [];
  for (const settings of runs) outcomes.push(await sharedSteps(settings, workers));
  await workers.meet();
  await workers.dispose();
  process.stdout.write(JSON.stringify(outcomes));
}
