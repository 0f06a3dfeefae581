/**
 * One measurement of cmtdet, in the process that it starts in: npx tsx tools/bench/ours.ts JOB
 *
 * JOB is JSON as in job.ts. Prints a line of JSON: seconds of each step, threads, and the largest resident size in MB. Ends
 * with code 75 when it holds more memory than CMTDET_BENCH_MEMORY_GIB allows.
 */
import { availableParallelism } from 'node:os';
import type { Config } from '../../src/config/schema.js';
import { findModel } from '../../src/run/namedModel.js';
import { inferenceWorkload, trainingWorkload } from '../../src/train/workload.js';
import { type Job, type Measurement, memoryExitCode } from './job.js';

/** How often the resident size is looked at, in ms. */
const watchEvery = 100;

const { network, mode, warmUp, steps, engine, ...shape }: Job = JSON.parse(process.argv[2]!);
const limitGib = Number(process.env.CMTDET_BENCH_MEMORY_GIB ?? Number.POSITIVE_INFINITY);
setInterval(() => {
  if (process.memoryUsage.rss() > limitGib * 2 ** 30) process.exit(memoryExitCode);
}, watchEvery).unref();

const { config, classes } = await findModel(network);
const make = mode === 'train' ? trainingWorkload : inferenceWorkload;
const twin = asTwin(config);
const workload = make({ ...twin, engine: { ...twin.engine, ...engine } }, classes, shape);
const seconds: number[] = [];
for (let step = 0; step < warmUp + steps; step++) {
  const started = performance.now();
  await workload.run();
  if (step >= warmUp) seconds.push((performance.now() - started) / 1000);
}
await workload.dispose();
const threads = config.engine.threads ?? availableParallelism();
const result: Measurement = { seconds, peakMb: process.resourceUsage().maxRSS / 1024, threads };
console.log(JSON.stringify(result));

/** The defaults without what the PyTorch twin does not do: no drops, no mixing of pictures, no clipping. */
function asTwin(config: Config): Config {
  const train = { ...config.train, clipNorm: null, ema: null };
  if (config.task === 'detection') {
    const backbone = { ...config.model.backbone, ...(config.model.backbone.name === 'cmt' && { dropPath: 0 }) };
    return { ...config, train, model: { ...config.model, backbone } };
  }
  const erasing = { ...config.data.erasing, probability: 0 };
  const data = { ...config.data, mixup: 0, cutmix: 0, erasing };
  const model = {
    backbone: { ...config.model.backbone, dropPath: 0 },
    head: { name: 'cmt', channels: 1280, dropout: 0 },
  };
  return { ...config, train, data, model } as Config;
}
