/**
 * Measures the data pipelines beside a PyTorch DataLoader, on the same pictures, with the same number of workers, in one run.
 *
 *   npx tsx tools/bench-data.ts --images DIR [--workers 2] [--repeat 8] [--rounds 3] [--python FILE]
 *
 * `--python` is a Python with torch 2.9.1, torchvision and Pillow; without it only cmtdet is measured. Rounds alternate between
 * the two, and medians count, so that a machine that is busy for a while is unfair to neither. Processor time, of all threads and
 * processes, is shown beside the rates: other work on the machine blurs it less.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RandAugmentPolicy } from '../src/data/augment/randAugment.js';
import { inceptionCrop } from '../src/data/augment/randomResizedCrop.js';
import { ClassificationLoader } from '../src/data/classification/loader.js';
import type { DetectionDataset } from '../src/data/detection/dataset.js';
import { DetectionLoader } from '../src/data/detection/loader.js';
import { readImageSize } from '../src/data/image/imageSize.js';
import { WorkerPool } from '../src/data/parallel/workerPool.js';
import type { BareSettings } from './bench/bare.worker.js';
import { quantile } from './bench/statistics.js';

/** The targets: against the faster mode of PyTorch, and against the bare loop. */
const targets = { pytorch: 1.5, bare: 0.85 };
const batchSize = 8;
const rule = { shortSide: 800, longSide: 1333 };

const { values } = parseArgs({
  options: {
    images: { type: 'string' },
    workers: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string' },
  },
});
if (values.images === undefined) throw new Error('say which pictures: --images DIR');
const folder = values.images;
const [workers, repeat, rounds] = [values.workers, values.repeat, values.rounds].map(Number) as [
  number,
  number,
  number,
];
const names = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
const files = names.map((name) => join(folder, name));
const decoder = new URL('../src/tensorflow/jpegDecoder.ts', import.meta.url);

/** `recipe`: classification with the RandAugment that CMT was trained with. */
type Task = 'detection' | 'classification' | 'recipe';
/** Small views take a fifth of the time, and an epoch is to last for seconds. */
const repeats: Readonly<Record<Task, number>> = {
  detection: repeat,
  classification: 5 * repeat,
  recipe: 5 * repeat,
};

interface Speed {
  /** Pictures per second. */
  readonly rate: number;
  /** Milliseconds of processor time per picture. */
  readonly cpu: number;
}

/** @param work returns how many pictures it did */
async function speedOf(work: () => Promise<number>): Promise<Speed> {
  const [start, startCpu] = [performance.now(), process.cpuUsage()];
  const count = await work();
  const { user, system } = process.cpuUsage(startCpu);
  return { rate: (1000 * count) / (performance.now() - start), cpu: (user + system) / 1000 / count };
}

/** Of the second epoch; the first starts the workers. */
async function speedOfEpoch(epoch: (index: number) => AsyncIterable<{ readonly distinct: number }>): Promise<Speed> {
  const run = async (index: number) => {
    let count = 0;
    for await (const { distinct } of epoch(index)) count += distinct;
    return count;
  };
  await run(0);
  return speedOf(() => run(1));
}

async function detection(): Promise<Speed> {
  const sizes = await Promise.all(files.map((file) => readImageSize(file)));
  const repeated = Array.from({ length: repeats.detection }, () => files).flat();
  const records = repeated.map((file, i) => ({
    imageId: i,
    file,
    ...sizes[i % files.length]!,
    boxes: Float32Array.of(0, 0, 50, 50),
    labels: Int32Array.of(0),
  }));
  const dataset = { records, categories: [{ id: 1, name: 'thing' }] } as unknown as DetectionDataset;
  const loader = new DetectionLoader({ dataset, batchSize, ...rule, workers, decoder });
  const speed = await speedOfEpoch((epoch) => loader.epoch(epoch));
  await loader.close();
  return speed;
}

const randAugment = { operations: 2, magnitude: 9, magnitudeDeviation: 0.5, increasing: true };

async function classification(policy: RandAugmentPolicy | null): Promise<Speed> {
  const transform = {
    size: 224,
    interpolation: 'bicubic',
    crop: inceptionCrop,
    flip: 0.5,
    randAugment: policy,
    colorJitter: 0,
    erasing: { probability: 0, area: [0, 0], ratio: [1, 1] },
  } as const;
  const pictures = Array.from({ length: repeats.classification }, () =>
    names.map((file) => ({ file, label: 0 })),
  ).flat();
  const dataset = { root: folder, classes: ['one'], pictures };
  const mix = { mixupAlpha: 0, cutmixAlpha: 0, probability: 0, switchProbability: 0, groups: 1 };
  const options = { dataset, batchSize, transform, mix, smoothing: 0, seed: 0, workers, decoder, prefetch: 4 };
  const loader = new ClassificationLoader(options);
  const speed = await speedOfEpoch((epoch) => loader.epoch(epoch));
  await loader.close();
  return speed;
}

async function bare(task: Task): Promise<Speed> {
  const settings: BareSettings = { decoder: decoder.href, ...(task === 'detection' && { rule }) };
  const module = new URL('./bench/bare.worker.ts', import.meta.url);
  const pool = new WorkerPool<readonly string[], number>({ module, size: workers, settings });
  const all = Array.from({ length: repeats[task] }, () => files).flat();
  const shares = Array.from({ length: workers }, (_, worker) => all.filter((_, i) => i % workers === worker));
  const run = async () => {
    await Promise.all(shares.map((share) => pool.run(share)));
    return all.length;
  };
  await run();
  const speed = await speedOf(run);
  await pool.close();
  return speed;
}

function pytorch(python: string, task: Task): Record<string, [rate: number, cpu: number]> {
  const script = fileURLToPath(new URL('bench/pytorch/data_loader.py', import.meta.url));
  const output = execFileSync(python, [script, task, String(workers), String(repeats[task]), ...files], {
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

const medianOf = (numbers: readonly number[]) => quantile(numbers, 0.5);
const shown = new Map<string, Speed[]>();
const record = (name: string, speed: Speed) => {
  shown.set(name, [...(shown.get(name) ?? []), speed]);
};

for (let round = 0; round < rounds; round++) {
  for (const [task, measure] of [
    ['detection', detection],
    ['classification', () => classification(null)],
    ['recipe', () => classification(randAugment)],
  ] as const) {
    record(`${task}, cmtdet`, await measure());
    if (task !== 'recipe') record(`${task}, bare decode + resize loop`, await bare(task));
    if (values.python === undefined) continue;
    for (const [mode, [rate, cpu]] of Object.entries(pytorch(values.python, task)))
      record(`${task}, PyTorch ${mode}`, { rate, cpu });
  }
}

const medians = new Map([...shown].map(([name, speeds]) => [name, medianOf(speeds.map(({ rate }) => rate))]));
process.stdout.write(
  `${files.length} pictures, ${repeats.detection} times (classification: ${repeats.classification}), ${workers} workers, median of ${rounds}: pictures a second, CPU ms a picture\n`,
);
for (const [name, rate] of medians) {
  const cpu = medianOf(shown.get(name)!.map((speed) => speed.cpu));
  process.stdout.write(`  ${name.padEnd(42)} ${rate.toFixed(1).padStart(8)} ${cpu.toFixed(2).padStart(8)}\n`);
}
const judge = (what: string, ratio: number, target: number) =>
  process.stdout.write(`${what}: ${ratio.toFixed(2)}, target ${target}: ${ratio >= target ? 'met' : 'MISSED'}\n`);
for (const task of Object.keys(repeats)) {
  const own = medians.get(`${task}, cmtdet`)!;
  const bareLoop = medians.get(`${task}, bare decode + resize loop`);
  if (bareLoop !== undefined) judge(`${task}, cmtdet / bare loop`, own / bareLoop, targets.bare);
  const peers = [...medians].filter(([name]) => name.startsWith(`${task}, PyTorch`)).map(([, rate]) => rate);
  if (peers.length > 0) judge(`${task}, cmtdet / PyTorch's fastest`, own / Math.max(...peers), targets.pytorch);
}
