/**
 * Whether several workers learn what one does: npx tsx tools/workers/equal.ts [--steps 20] [--trained CKPT] [--only NAME...] [--json]
 *
 * Trains BCCD and signdigits for so many steps as 1, 2 and 4 workers that share the same batches of 8, from the same weights, and
 * compares with one worker: the largest difference of a step's loss, and of a weight, relative to the largest of its tensor.
 * `--trained` is a checkpoint of `configs/retinanet_cmt_ti_bccd.yaml`. With it, detectors start there; one worker runs once more from
 * weights of which every second one is off by a rounding, which shows what rounding alone does; and measurements of the same
 * weights by 1, 2 and 4 workers are compared, all numbers by `===`. Takes half an hour on two cores.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { note, print, printJson, table } from '../../src/cli/console.js';
import { toFloat32 } from '../../src/formats/namedArray.js';
import { readSafetensors, withChecksum, writeSafetensors } from '../../src/formats/safetensors.js';
import { MetricsLog } from '../../src/train/metricsLog.js';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '20' },
    trained: { type: 'string' },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  },
});

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = join(root, 'src/cli/main.ts');
const workerCounts = [1, 2, 4];
const globalBatch = 8;

interface Case {
  readonly name: string;
  /** With its arguments. */
  readonly command: readonly string[];
  /** Checkpoint to start from. @default weights that are drawn */
  readonly start?: string | undefined;
  readonly sets: readonly string[];
  /** Batches of an update. */
  readonly accumulate?: number;
}

const detector = ['train', 'configs/retinanet_cmt_ti_bccd.yaml'];
const classifier = ['pretrain', 'configs/signdigits_cmt_ti.yaml'];
const [sync, frozen] = ['train.batchStatistics=sync', 'model.backbone.batchNorm=frozen'];
/** Adam divides each gradient by its usual size: one that is nothing but rounding moves its weight as far as any other. */
const sgd = (lr: number) =>
  `train.optimizer={ name: sgd, lr: ${lr}, baseBatch: null, momentum: 0.9, weightDecay: 0.0001 }`;
const mixed = ['data.mixup=0.8', 'data.cutmix=1', 'data.repeatedAugmentation=2'];
/** The classifier's config has a long warm-up, in which 20 steps hardly move a weight. */
const atOnce = 'train.schedule={ name: constant, warmupSteps: 5 }';
const unmeasured = 'data.val=null';
const cases: Case[] = [
  { name: 'detector, statistics of all', command: detector, sets: [sync, sgd(0.0025)] },
  { name: 'detector, frozen statistics', command: detector, sets: [frozen, sgd(0.0025)] },
  { name: 'detector, frozen, accumulate 2', command: detector, sets: [frozen, sgd(0.0025)], accumulate: 2 },
  {
    name: 'classifier, mixup, cutmix, repeated augmentation',
    command: classifier,
    sets: [sync, ...mixed, 'train.ema=0.99', sgd(0.002), atOnce],
  },
  { name: 'detector, frozen statistics, AdamW', command: detector, sets: [frozen] },
];

interface Outcome {
  readonly losses: readonly number[];
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly measured: Readonly<Record<string, number | null>>;
}

async function run(
  { command, start, sets, accumulate = 1 }: Omit<Case, 'name'>,
  workers: number,
  extra: string[],
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'cmtdet-equal-'));
  try {
    const batch = `train.batchSize=${globalBatch / workers / accumulate}`;
    const all = [
      ...sets,
      ...extra,
      batch,
      `train.accumulate=${accumulate}`,
      'train.logEvery=1',
      'train.maxMinutes=null',
    ];
    const from = start === undefined ? [] : ['--init-from', start];
    const args = [...command, ...from, '--run', join(folder, 'run'), ...all.flatMap((set) => ['--set', set])];
    const launched = workers === 1 ? args : ['launch', '--workers', String(workers), '--', ...args];
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...launched], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${launched.join(' ')}: exit code ${code}`);
    const log = new MetricsLog(join(folder, 'run/metrics.jsonl'));
    const { tensors } = readSafetensors(join(folder, 'run/last.safetensors'));
    return {
      losses: log.lines('train').map(({ loss }) => Number(loss)),
      weights: new Map([...tensors].map(([name, tensor]) => [name, Float32Array.from(toFloat32(tensor))])),
      measured: log.measured('val').at(-1) ?? {},
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function difference(a: Outcome, b: Outcome): { loss: number; weight: number } {
  const loss = Math.max(...a.losses.map((value, i) => Math.abs(value - b.losses[i]!)));
  const ofTensor = ([name, one]: [string, Float32Array]) => {
    const other = b.weights.get(name)!;
    let [largest, scale] = [0, 1e-3];
    for (const [i, value] of one.entries()) {
      largest = Math.max(largest, Math.abs(value - other[i]!));
      scale = Math.max(scale, Math.abs(value));
    }
    return largest / scale;
  };
  return { loss, weight: Math.max(...[...a.weights].map(ofTensor)) };
}

interface Row {
  readonly what: string;
  readonly workers: string;
  readonly loss: number | null;
  readonly weight: number | null;
  readonly equal: boolean | null;
}

const rows: Row[] = [];
/** Told at once too, since all of it takes long. */
function add(row: Row): void {
  rows.push(row);
  note(JSON.stringify(row));
}

const chosen = cases.filter(({ name }) => values.only === undefined || values.only.some((part) => name.includes(part)));
for (const one of chosen) {
  const start = one.command === detector ? values.trained : undefined;
  const length = [`train.maxSteps=${values.steps}`, unmeasured];
  const [alone, ...shared] = await outcomes({ ...one, start }, length);
  for (const [i, other] of shared.entries())
    add({ what: one.name, workers: sharing(i), ...difference(alone!, other), equal: null });
  if (start !== undefined) {
    const moved = await withWeightsRounded(start, (file) => run({ ...one, start: file }, 1, length));
    add({ what: one.name, workers: '1 x 8, weights rounded', ...difference(alone!, moved), equal: null });
  }
}
if (values.trained !== undefined) {
  // A rate this small changes no bit of a weight.
  const still = [
    frozen,
    'train.maxSteps=1',
    'train.optimizer.lr=1e-30',
    'train.optimizer.weightDecay=0',
    'train.ema=null',
  ];
  const [alone, ...shared] = await outcomes({ command: detector, start: values.trained, sets: still }, []);
  for (const [i, { measured }] of shared.entries()) {
    const names = Object.keys(alone!.measured).filter((name) => /^A[PR]/.test(name));
    const equal = names.length >= 12 && names.every((name) => measured[name] === alone!.measured[name]);
    add({
      what: `measuring, AP ${alone!.measured.AP?.toFixed(4)}`,
      workers: sharing(i),
      loss: null,
      weight: null,
      equal,
    });
  }
}

/** Calls `use` with a copy of a checkpoint in which every second weight is the next float, away from 0. */
async function withWeightsRounded<T>(checkpoint: string, use: (copy: string) => Promise<T>): Promise<T> {
  const { tensors, metadata } = readSafetensors(checkpoint);
  for (const { dtype, data } of tensors.values()) {
    if (dtype !== 'F32') continue;
    const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bits.length; i += 2) bits[i]! += 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cmtdet-equal-'));
  try {
    const copy = join(folder, 'rounded.safetensors');
    await writeSafetensors(copy, tensors, withChecksum(tensors, metadata));
    return await use(copy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function outcomes(one: Omit<Case, 'name'>, extra: string[]): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for (const workers of workerCounts) {
    if (globalBatch / workers / (one.accumulate ?? 1) < 1) continue;
    note(`${one.command[0]} ${one.sets.join(' ')}: ${workers} x ${globalBatch / workers}`);
    all.push(await run(one, workers, extra));
  }
  return all;
}

function sharing(i: number): string {
  const workers = workerCounts[i + 1]!;
  return `${workers} x ${globalBatch / workers}`;
}

if (values.json) printJson(rows);
else
  print(
    table(
      ['compared with 1 x 8', 'workers', 'loss', 'weight', 'numbers'],
      rows.map(({ what, workers, loss, weight, equal }) => [
        what,
        workers,
        loss?.toExponential(1) ?? '',
        weight?.toExponential(1) ?? '',
        equal === null ? '' : equal ? 'the same' : 'differ',
      ]),
    ),
  );
