/**
 * What becomes of a run when one of its workers fails: npx tsx tools/workers/faults.ts [--only NAME...] [--stop 120] [--json]
 *
 * Each fault happens to a tiny run of two workers. The table has the seconds until all processes had ended, the exit code, and what
 * was said; then whether the run, resumed with 1, 2 and 3 workers that share the same batches, comes to its end. Last, two runs
 * launched at once, which must come to the same weights as one alone. Needs Linux' /proc. Runs what was compiled last (npm run setup).
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { note, print, printJson, table } from '../../src/cli/console.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { MetricsLog } from '../../src/train/metricsLog.js';
import { type CommandRun, digestOf, startCommand } from '../commandRun.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    stop: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
  },
});

const pictures = 12;
/** Pictures of an update: 6 x 1, 3 x 2 and 2 x 3 are all that. */
const globalBatch = 6;
/** Epochs, and the updates in them. */
const measuredEvery = 15;
const measuredAfter = (measuredEvery * pictures) / globalBatch;

const folder = mkdtempSync(join(tmpdir(), 'cmtdet-faults-'));
const { splits } = await generateShapes(join(folder, 'data'), { train: pictures, val: 300 });
const changes = [
  'model.backbone.variant={ dims: [8, 8, 8, 8], stemChannels: 4, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1] }',
  'model.backbone.biasSize=32',
  'model.backbone.batchNorm=frozen', // several workers then make the step of one
  'model.neck={ channels: 32, levels: [P3, P4, P5] }',
  `data.train=${JSON.stringify({ ...splits.train, limit: null })}`,
  `data.val=${JSON.stringify({ ...splits.val, limit: null })}`,
  'data.shortSide=32',
  'data.longSide=32',
  `train.epochs=${2 * measuredEvery}`,
  `train.evaluateEvery=${measuredEvery}`,
  'train.checkpointEvery=1',
  'train.logEvery=1',
  'engine.fuse=none',
];

const commandOf = (run: string, workers: number, ...more: string[]) => [
  'train',
  'configs/smoke.yaml',
  ...[...changes, `train.batchSize=${globalBatch / workers}`].flatMap((change) => ['--set', change]),
  ...['--run', run, ...more],
];

const launch = (run: string, workers: number, ...more: string[]): CommandRun =>
  startCommand(
    workers === 1
      ? commandOf(run, 1, ...more)
      : ['launch', '--workers', String(workers), '--', ...commandOf(run, workers, ...more)],
  );

/** The two workers of a launch, in order, as soon as both have been started. */
async function workersOf(running: CommandRun): Promise<number[]> {
  const { pid } = running.child;
  const started = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  await until('both workers were started', running, () => started().length === 2);
  return started();
}

async function until(what: string, { ended, said }: CommandRun, isSo: () => boolean): Promise<void> {
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isSo()) {
    if (isOver) throw new Error(`the run ended before ${what}:\n${said()}`);
    await sleep(2);
  }
}

type Moment = 'in a step' | 'in a measurement' | 'while saving';

const hasCome = (moment: Moment, run: string): boolean => {
  const log = new MetricsLog(join(run, 'metrics.jsonl'));
  const steps = log.lines('train').length;
  const isSaving = steps > 0 && readdirSync(run).some((name) => name.startsWith('.state'));
  if (moment === 'in a measurement') return steps === measuredAfter && !isSaving && log.measured('val').length === 0;
  return steps >= 15 && (moment === 'in a step' || isSaving);
};

interface Fault {
  readonly name: string;
  readonly moment: Moment;
  readonly worker: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM';
}

const faults: Fault[] = (
  [
    ['in a step', 0, 'SIGKILL'],
    ['in a step', 1, 'SIGKILL'],
    ['in a measurement', 0, 'SIGKILL'],
    ['in a measurement', 1, 'SIGKILL'],
    ['while saving', 0, 'SIGKILL'],
    ['while saving', 1, 'SIGKILL'],
    ['in a step', 1, 'SIGSTOP'],
    ['in a measurement', 1, 'SIGSTOP'],
    ['in a step', 1, 'SIGTERM'],
  ] as const
).map(([moment, worker, signal]) => ({ name: `${signal} to worker ${worker} ${moment}`, moment, worker, signal }));

interface Row {
  readonly name: string;
  readonly seconds: number;
  readonly code: number | null;
  readonly said: string;
  /** Workers with which the resumed run came to its end. */
  readonly resumed: readonly number[];
}

async function tryFault({ name, moment, worker, signal }: Fault): Promise<Row> {
  const run = join(folder, name.replaceAll(' ', '-'));
  const running = launch(run, 2);
  const victim = (await workersOf(running))[worker]!;
  await until(moment, running, () => hasCome(moment, run));
  try {
    process.kill(victim, signal);
  } catch (error) {
    throw new Error(`worker ${worker} had ended ${moment}:\n${running.said()}`, { cause: error });
  }
  const began = performance.now();
  if (signal === 'SIGSTOP') sleep(Number(values.stop) * 1000).then(() => goOn(victim));
  const code = await running.ended;
  const seconds = (performance.now() - began) / 1000;
  const said =
    running
      .said()
      .split(/\r?\n/)
      .findLast((line) => /error|stopped/.test(line)) ?? '';
  const resumed: number[] = [];
  for (const workers of [1, 2, 3]) {
    const copy = `${run}-${workers}`;
    cpSync(run, copy, { recursive: true });
    const again = launch(copy, workers, '--resume');
    if ((await again.ended) === 0) resumed.push(workers);
    else note(again.said().split('\n').slice(-4).join('\n'));
  }
  return { name, seconds, code, said: said.replaceAll(/:\d{4,5}\b/g, '').trim(), resumed };
}

function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // the launcher has ended it
  }
}

/** @returns whether three runs, two of them at the same time, all came to the same weights */
async function launchTwice(): Promise<boolean> {
  const runs = ['one', 'two', 'alone'].map((name) => join(folder, name));
  const [one, two] = [launch(runs[0]!, 2), launch(runs[1]!, 2)];
  const codes = [await one.ended, await two.ended, await launch(runs[2]!, 2).ended];
  return codes.every((code) => code === 0) && new Set(runs.map(digestOf)).size === 1;
}

const rows: Row[] = [];
for (const fault of faults) {
  if (values.only !== undefined && !values.only.some((part) => fault.name.includes(part))) continue;
  note(fault.name);
  rows.push(await tryFault(fault));
}
const twice = values.only === undefined || values.only.includes('twice') ? await launchTwice() : null;
rmSync(folder, { recursive: true });
if (values.json) printJson({ rows, twice });
else {
  const cells = rows.map(({ name, seconds, code, said, resumed }) => [
    name,
    seconds.toFixed(1),
    String(code),
    resumed.join(', '),
    said,
  ]);
  print(table(['what happened', 'ended after s', 'exit code', 'resumed with', 'said'], cells));
  if (twice !== null)
    print(`\ntwo launched at once: ${twice ? 'the weights of one alone' : 'they did not end like one alone'}`);
}
