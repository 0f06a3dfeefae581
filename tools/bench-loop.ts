/**
 * Measures what a training run loses to its data: steps on batches that lie ready in memory, against the same steps in the loop,
 * with the loader at work beside them.
 *
 *   npx tsx tools/bench-loop.ts CONFIG [--set KEY=VALUE]... [--steps 20] [--rounds 5]
 *
 * The two alternate, and medians count. Two numbers come out. Waiting is the time in which the loop had no batch: what more
 * workers or a faster loader would win. The slow-down also holds what decoding takes from the step where both share the cores.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/load.js';
import type { Config } from '../src/config/schema.js';
import type { HostTensor } from '../src/tensorflow/hostTensor.js';
import { Program } from '../src/tensorflow/program.js';
import { ClassificationTask } from '../src/train/classificationTask.js';
import { DetectionTask } from '../src/train/detectionTask.js';
import { engineOptions } from '../src/train/engineOptions.js';
import { TrainStep } from '../src/train/step.js';
import type { DataEvents, Task } from '../src/train/task.js';
import { Weights } from '../src/train/weights.js';
import { quantile } from './bench/statistics.js';

/** Most that the loop may lose to waiting. */
const target = 0.03;
/** So small that the weights stay as they were drawn. */
const learningRate = 1e-7;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', multiple: true, default: [] },
    steps: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
  },
});
const [configFile] = positionals;
if (configFile === undefined) throw new Error('say which config: npx tsx tools/bench-loop.ts CONFIG');
const [steps, rounds] = [Number(values.steps), Number(values.rounds)];
const medianOf = (numbers: readonly number[]) => quantile(numbers, 0.5);
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

type Feed = Readonly<Record<string, HostTensor>>;

async function measure<Batch>(task: Task<Batch> & { close(): Promise<void> }, config: Config): Promise<void> {
  const program = new Program(engineOptions(config.engine));
  const { optimizer, ema, clipNorm, seed } = config.train;
  const weights = new Weights(task.model, optimizer, ema);
  const step = new TrainStep(program, {
    parameters: weights.parameters,
    loss: (batch, ctx) => task.loss(batch, ctx),
    optimizer: weights.optimizer,
    clipNorm,
    accumulate: 1,
    ema: weights.ema,
    seed,
  });
  let done = 0;
  const run = (feed: Feed) => step.run(feed, { learningRate, t: ++done, draw: done });

  async function* endless(): AsyncGenerator<Batch> {
    for (let epoch = 0; ; epoch++) yield* task.batches(epoch, 0);
  }
  const batches = endless();
  /** The loader's queue is full after a block without it, so a block begins with as many steps that do not count. */
  const uncounted = config.data.prefetch + 1;

  /** As train.ts does it. Seconds of each step, and of waiting in all of them. */
  async function inLoop(): Promise<{ seconds: number[]; waited: number }> {
    const seconds: number[] = [];
    let waited = 0;
    let next = batches.next();
    for (let i = 0; i < uncounted + steps; i++) {
      const start = performance.now();
      const { value } = await next;
      const taken = performance.now();
      const result = run(task.feed(value as Batch));
      next = batches.next();
      await result;
      if (i < uncounted) continue;
      seconds.push((performance.now() - start) / 1000);
      waited += (taken - start) / 1000;
    }
    await next; // one batch is left out
    return { seconds, waited };
  }

  async function alone(feeds: readonly Feed[]): Promise<number[]> {
    await sleep(1000); // the loader fills its queue meanwhile
    const seconds: number[] = [];
    for (let i = 0; i < uncounted + steps; i++) {
      const start = performance.now();
      await run(feeds[i % feeds.length]!);
      if (i >= uncounted) seconds.push((performance.now() - start) / 1000);
    }
    return seconds;
  }

  const kept: Feed[] = [];
  for (let i = 0; i < steps; i++) kept.push(copyOf(task.feed((await batches.next()).value as Batch)));
  for (const feed of kept) await run(feed); // traces every shape
  const all = { alone: [] as number[], loop: [] as number[], waiting: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const [ready, loop] = [await alone(kept), await inLoop()];
    all.alone.push(medianOf(ready));
    all.loop.push(medianOf(loop.seconds));
    all.waiting.push(loop.waited / loop.seconds.reduce((sum, each) => sum + each));
  }
  const [aloneSeconds, loopSeconds] = [medianOf(all.alone), medianOf(all.loop)];
  const slower = medianOf(all.loop.map((each, i) => each / all.alone[i]! - 1));
  const waiting = medianOf(all.waiting);
  process.stdout.write(
    [
      `${configFile}: batches of ${task.batchSize}, ${rounds} rounds of ${steps} steps`,
      `  step alone       ${(1000 * aloneSeconds).toFixed(1)} ms`,
      `  step in the loop ${(1000 * loopSeconds).toFixed(1)} ms, ${percent(slower)} slower`,
      `  waiting for data ${percent(waiting)}, target ${percent(target)}: ${waiting < target ? 'met' : 'MISSED'}`,
      '',
    ].join('\n'),
  );
  await batches.return(undefined);
  await Promise.all([task.close(), program.dispose()]);
}

/** A loader uses the memory of its batches again. */
function copyOf(feed: Feed): Feed {
  return Object.fromEntries(
    Object.entries(feed).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]),
  );
}

const warn = (message: string) => process.stderr.write(`${message}\n`);
const events: DataEvents = {
  onWarning: warn,
  onRepair: (_, { message }) => warn(message),
  onSkipped: ({ file, reason }) => warn(`${file}: ${reason}`),
};
const config = await loadConfig(configFile, values.set);
await (config.task === 'detection'
  ? measure(await DetectionTask.open(config, events), config)
  : measure(await ClassificationTask.open(config, events), config));
