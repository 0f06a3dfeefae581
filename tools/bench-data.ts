/**
 * Measures the data pipelines beside a PyTorch DataLoader, on the same pictures, with the same number of workers, in one run.
 *
 *   npx tsx tools/bench-data.ts --images DIR [--workers 2] [--repeat 8] [--rounds 3] [--python FILE]
 *
 * `--python` is a Python with torch 2.9.1, torchvision and Pillow; without it only cmtdet is measured. Rounds alternate between
 * the two, and medians count, so that a machine that is busy for a while is unfair to neither.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inceptionCrop } from '../src/data/augment/randomResizedCrop.js';
import { DetectionLoader } from '../src/data/detection/loader.js';
import type { DetectionDataset } from '../src/data/detectionDataset.js';
import { readImageSize } from '../src/data/image/imageSize.js';
import { ClassificationLoader } from '../src/data/imagenet/loader.js';
import { WorkerPool } from '../src/data/parallel/workerPool.js';
import type { BareSettings } from './bench/bare.worker.js';

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
const repeated = Array.from({ length: repeat }, () => files).flat();
const decoder = new URL('../src/tensorflow/jpegDecoder.ts', import.meta.url);

type Task = 'detection' | 'classification';

/** Pictures per second of the second epoch; the first starts the workers. */
async function rateOf(epoch: (index: number) => AsyncIterable<{ readonly distinct: number }>): Promise<number> {
  let rate = 0;
  for (const index of [0, 1]) {
    const start = performance.now();
    let count = 0;
    for await (const { distinct } of epoch(index)) count += distinct;
    rate = (1000 * count) / (performance.now() - start);
  }
  return rate;
}

async function detection(): Promise<number> {
  const sizes = await Promise.all(files.map((file) => readImageSize(file)));
  const records = repeated.map((file, i) => ({
    imageId: i,
    file,
    ...sizes[i % files.length]!,
    boxes: Float32Array.of(0, 0, 50, 50),
    labels: Int32Array.of(0),
  }));
  const dataset = { records, categories: [{ id: 1, name: 'thing' }] } as unknown as DetectionDataset;
  const loader = new DetectionLoader({ dataset, batchSize, ...rule, workers, decoder });
  const rate = await rateOf((epoch) => loader.epoch(epoch));
  await loader.close();
  return rate;
}

async function classification(): Promise<number> {
  const transform = {
    size: 224,
    interpolation: 'bicubic',
    crop: inceptionCrop,
    flip: 0.5,
    randAugment: null,
    colorJitter: 0,
    erasing: { probability: 0, area: [0, 0], ratio: [1, 1] },
  } as const;
  const pictures = Array.from({ length: repeat }, () => names.map((file) => ({ file, label: 0 }))).flat();
  const dataset = { root: folder, classes: ['one'], pictures };
  const mix = { mixupAlpha: 0, cutmixAlpha: 0, probability: 0, switchProbability: 0 };
  const options = { dataset, batchSize, transform, mix, smoothing: 0, seed: 0, workers, decoder, prefetch: 4 };
  const loader = new ClassificationLoader(options);
  const rate = await rateOf((epoch) => loader.epoch(epoch));
  await loader.close();
  return rate;
}

async function bare(): Promise<number> {
  const settings: BareSettings = { decoder: decoder.href, rule };
  const module = new URL('./bench/bare.worker.ts', import.meta.url);
  const pool = new WorkerPool<readonly string[], number>({ module, size: workers, settings });
  const shares = Array.from({ length: workers }, (_, worker) => repeated.filter((_, i) => i % workers === worker));
  await Promise.all(shares.map(() => pool.run(files.slice(0, 4))));
  const start = performance.now();
  await Promise.all(shares.map((share) => pool.run(share)));
  const rate = (1000 * repeated.length) / (performance.now() - start);
  await pool.close();
  return rate;
}

function pytorch(python: string, task: Task): Record<string, number> {
  const script = fileURLToPath(new URL('bench/pytorch/data_loader.py', import.meta.url));
  const output = execFileSync(python, [script, task, String(workers), String(repeat), ...files], { encoding: 'utf8' });
  return JSON.parse(output);
}

const medianOf = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const shown = new Map<string, number[]>();
const record = (name: string, rate: number) => {
  shown.set(name, [...(shown.get(name) ?? []), rate]);
};

for (let round = 0; round < rounds; round++) {
  record('detection, cmtdet', await detection());
  record('detection, bare decode + resize loop', await bare());
  record('classification, cmtdet', await classification());
  if (values.python === undefined) continue;
  for (const task of ['detection', 'classification'] as const)
    for (const [mode, rate] of Object.entries(pytorch(values.python, task))) record(`${task}, PyTorch ${mode}`, rate);
}

const medians = new Map([...shown].map(([name, rates]) => [name, medianOf(rates)]));
process.stdout.write(
  `${files.length} pictures x ${repeat}, ${workers} workers, median of ${rounds}, pictures a second\n`,
);
for (const [name, rate] of medians) process.stdout.write(`  ${name.padEnd(42)} ${rate.toFixed(1).padStart(8)}\n`);
const judge = (what: string, ratio: number, target: number) =>
  process.stdout.write(`${what}: ${ratio.toFixed(2)}, target ${target}: ${ratio >= target ? 'met' : 'MISSED'}\n`);
judge(
  'loader / bare loop',
  medians.get('detection, cmtdet')! / medians.get('detection, bare decode + resize loop')!,
  targets.bare,
);
for (const task of ['detection', 'classification']) {
  const peers = [...medians].filter(([name]) => name.startsWith(`${task}, PyTorch`)).map(([, rate]) => rate);
  if (peers.length > 0)
    judge(`${task}, cmtdet / PyTorch's fastest`, medians.get(`${task}, cmtdet`)! / Math.max(...peers), targets.pytorch);
}
