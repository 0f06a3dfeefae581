/**
 * What a GPU makes of cmtdet, in one command: npx tsx tools/gpu/check.ts [--out FOLDER] [--minutes 8] [--python PYTHON] [--device cpu] [--quick]
 *
 * Needs the clone and TensorFlow's CUDA build (`npm run setup -- --gpu`). Leaves check.json, check.md and trace.json in FOLDER (gpu-check), which are
 * written anew after each part. What does not end in time, or fails, is named; the rest goes on. --python names an interpreter with
 * PyTorch for CUDA, whose rates are then added. --quick only sees whether everything runs; --device cpu does it without a card.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '../../src/config/schema.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { tensorflowVersion } from '../../src/tensorflow/install/wheels.js';
import type { Job } from '../bench/job.js';
import { summary } from '../bench/statistics.js';
import { type Comparison, type LossRow, type Part, page, type RateRow, type Report } from './report.js';
import { cardName, cmtdet, numbers, ourRate, pytorchRate, type Rate, withoutCard } from './runs.js';

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'gpu-check' },
    minutes: { type: 'string', default: '8' },
    python: { type: 'string' },
    device: { type: 'string', default: 'gpu' },
    quick: { type: 'boolean', default: false },
  },
});
const { out, quick, python } = options;
const onCpu = options.device === 'cpu';
const deadline = performance.now() + Number(options.minutes) * 60_000;
const deviceEnv = onCpu ? withoutCard : {};

/** Time that a part needs at least to be begun. */
const leastSeconds = 5;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const notYet = { missing: 'not begun' };
const report: Mutable<Report> & { parity: Part<Comparison>[]; rates: Part<RateRow>[] } = {
  device: onCpu ? 'the CPU' : await cardName(),
  quick,
  machine: {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    date: new Date().toISOString().slice(0, 10),
    ...{ node: process.version, tensorflow: tensorflowVersion },
  },
  ...{ doctor: notYet, parity: [], rates: [], losses: notYet, largestBatch: notYet, profile: notYet },
};
mkdirSync(out, { recursive: true });

const networks = quick
  ? {
      classifier: 'configs/demo_pretrain.yaml',
      detector: 'configs/smoke.yaml',
      side: 64,
      height: 64,
      width: 64,
      batches: [2, 2] as const,
    }
  : {
      classifier: 'cmt_s',
      detector: 'retinanet_cmt_s',
      side: 224,
      height: 800,
      width: 1344,
      batches: [64, 4] as const,
    };
const [classifierBatch, detectorBatch] = networks.batches;
const engines: Readonly<Record<string, Partial<Engine>>> = {
  default: {},
  float16: { mixedPrecision: 'float16' },
  ...(quick ? {} : { xla: { xla: true }, 'xla and float16': { xla: true, mixedPrecision: 'float16' } }),
};

report.doctor = await part('doctor', 60, async (seconds) => {
  type Found = {
    tensorflow: { devices: string[] };
    devices: { name: string; memoryBytes: number }[];
    problems: string[];
  };
  const { devices, problems, tensorflow } = await cmtdet<Found>(['doctor'], { seconds, env: deviceEnv });
  if (!onCpu && !tensorflow.devices.includes('GPU')) throw new Error(`TensorFlow sees no GPU: ${problems.join(' ')}`);
  return {
    devices: devices.map(({ name, memoryBytes }) => `${name}, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB`),
    problems,
  };
});
await compareNumbers();
await measureRates();
report.profile = await part('profile', 120, async (seconds) => {
  const size = `${networks.height}x${networks.width}`;
  const shape = ['--batch', String(detectorBatch), '--size', size, '--steps', quick ? '1' : '3', '--out', out];
  return cmtdet(['profile', networks.detector, ...shape], { seconds, env: deviceEnv });
});
write();
report.losses = await part('training', 180, trainDemo);
write();
report.largestBatch = await part('largest batch', 150, findLargestBatch);
write();
console.log(readFileSync(join(out, 'check.md'), 'utf8'));
if (
  missing().length > 0 ||
  report.parity.some((entry) => 'found' in entry && !(entry.found.error <= entry.found.limit))
)
  process.exitCode = 1;

async function part<T>(name: string, most: number, work: (seconds: number) => Promise<T>): Promise<Part<T>> {
  const left = (deadline - performance.now()) / 1000;
  if (left < leastSeconds) return { missing: `${name}: no time was left` };
  console.error(`${name} (${left.toFixed(0)} s left)`);
  const started = performance.now();
  try {
    const found = await work(Math.min(most, left));
    return { found, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    return { missing: `${name}: ${error instanceof Error ? error.message : error}` };
  }
}

/** The backbone's maps on the card beside those on the CPU, which other tests hold to the reference implementation. */
async function compareNumbers(): Promise<void> {
  const job = { network: networks.classifier, batch: 2, side: networks.side };
  const exact = { NVIDIA_TF32_OVERRIDE: '0' };
  const reference = await part('numbers on the CPU', 90, (seconds) =>
    numbers({ ...job, engine: {} }, { seconds, env: withoutCard }),
  );
  const cases: [name: string, engine: Partial<Engine>, env: Record<string, string>, limit: number][] = [
    ['float32', {}, exact, 1e-4],
    ['TF32, where the card has it', {}, {}, 5e-3],
    ['float16', { mixedPrecision: 'float16' }, {}, 2e-2],
  ];
  for (const [name, engine, env, limit] of cases) {
    report.parity.push(
      await part(`numbers in ${name}`, 60, async (seconds) => {
        if (!('found' in reference)) throw new Error(reference.missing);
        const found = await numbers({ ...job, engine }, { seconds, env: { ...deviceEnv, ...env } });
        return { name, error: relativeError(found, reference.found), limit };
      }),
    );
    write();
  }
}

function relativeError(found: readonly number[], wanted: readonly number[]): number {
  const length = (values: readonly number[]) => Math.hypot(...values);
  return length(found.map((value, i) => value - wanted[i]!)) / length(wanted);
}

async function measureRates(): Promise<void> {
  const steps = quick ? 1 : 5;
  const job = (network: string, mode: Job['mode'], batch: number, height: number, width: number): Job => ({
    ...{ network, mode, batch, height, width },
    ...{ warmUp: quick ? 1 : 2, steps },
  });
  const { classifier, detector, side, height, width } = networks;
  const detection = job(detector, 'train', detectorBatch, height, width);
  const classification = job(classifier, 'train', classifierBatch, side, side);
  const inference = job(detector, 'forward', detectorBatch, height, width);
  for (const work of quick ? [detection] : [detection, classification, inference]) {
    for (const [name, engine] of Object.entries(engines)) {
      const run = (seconds: number) => ourRate({ ...work, engine }, { seconds, env: deviceEnv });
      await addRate(`cmtdet, ${name}`, work, name.startsWith('xla') ? 70 : 50, run);
    }
    if (python === undefined) continue;
    for (const mode of ['default', 'amp', 'compile'])
      await addRate(`PyTorch, ${mode}`, work, 70, (seconds) => pytorchRate(python, work, mode, { seconds }));
  }
}

async function addRate(who: string, job: Job, most: number, run: (seconds: number) => Promise<Rate>): Promise<void> {
  const { network, mode, batch, height, width } = job;
  const work = `${network} ${mode}`;
  report.rates.push(
    await part(`${who}, ${work}`, most, async (seconds) => {
      const { cardMb, seconds: times } = await run(seconds);
      const { median } = summary(times);
      const size = `${height} x ${width}`;
      return { ...{ who, work, batch, size, cardMb }, picturesPerSecond: batch / median, msPerStep: 1000 * median };
    }),
  );
  write();
}

/** The demo's detector, once here and once on the CPU: the same pictures, weights and rates. */
async function trainDemo(seconds: number) {
  const pictures = quick ? { train: 16, val: 2 } : {};
  const { splits } = await generateShapes(join(out, 'demo'), pictures);
  const set = [
    ...Object.entries(splits.train).map(([key, path]) => `data.train.${key}=${path}`),
    ...['data.val=null', `train.maxSteps=${quick ? 2 : 200}`, `train.logEvery=${quick ? 1 : 20}`],
  ].flatMap((text) => ['--set', text]);
  const lines = async (name: string, env: Readonly<Record<string, string>>) => {
    const run = join(out, `${name}-${Date.now()}`);
    await cmtdet(['train', 'configs/demo_detector.yaml', '--run', run, ...set], { seconds, env });
    return readFileSync(join(run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; step: number; loss: number; rate: number; waiting: number })
      .filter(({ kind }) => kind === 'train');
  };
  const here = await lines('here', deviceEnv);
  const cpu = await lines('cpu', withoutCard);
  const rows = here.map(({ step, loss }, i): LossRow => ({ step, device: loss, cpu: cpu[i]!.loss }));
  return { rows, waiting: here.at(-1)!.waiting, rate: here.at(-1)!.rate };
}

/** By doubling, with the defaults. */
async function findLargestBatch(seconds: number): Promise<{ fits: number; fails: number | null }> {
  const end = performance.now() + seconds * 1000;
  let fits = 0;
  for (let batch = detectorBatch; batch <= (quick ? detectorBatch : 256); batch *= 2) {
    const left = (end - performance.now()) / 1000;
    if (left < leastSeconds) break;
    const job = {
      network: networks.detector,
      mode: 'train',
      batch,
      height: networks.height,
      width: networks.width,
    } as const;
    try {
      await ourRate({ ...job, warmUp: 0, steps: 1 }, { seconds: left, env: deviceEnv });
    } catch {
      return { fits, fails: batch };
    }
    fits = batch;
  }
  return { fits, fails: null };
}

function missing(): string[] {
  const parts: Part<unknown>[] = [
    report.doctor,
    ...report.parity,
    ...report.rates,
    report.losses,
    report.largestBatch,
    report.profile,
  ];
  return parts.flatMap((entry) => ('missing' in entry ? [entry.missing] : []));
}

function write(): void {
  writeFileSync(join(out, 'check.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(out, 'check.md'), page(report));
}
