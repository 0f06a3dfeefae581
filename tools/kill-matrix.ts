/**
 * Stops training runs at random moments and resumes them:
 * npx tsx tools/kill-matrix.ts [--task train|pretrain] [--kills 50] [--signals SIGKILL] [--seed 1]
 *
 * Each run is tiny, accumulates, averages its weights, augments, and saves a state every two steps. After each stop all files must be
 * whole, the state at most an interval behind the log (none after a signal that was answered), and the run one that goes on. Each
 * chain of stops must end with the tensors of a run that nobody disturbed, bit for bit. The first that does not is an error, and its
 * folder stays. Runs what was compiled last (npm run setup). docs/reliability.md has the counts.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { note, printJson } from '../src/cli/console.js';
import { generateShapes } from '../src/data/shapes/generate.js';
import { exitCodes } from '../src/errors.js';
import { readSafetensors } from '../src/formats/safetensors.js';
import { Random } from '../src/random.js';
import { MetricsLog } from '../src/train/metricsLog.js';
import { readState } from '../src/train/state.js';
import { digestOf, startCommand } from './commandRun.js';

const { values } = parseArgs({
  options: {
    task: { type: 'string', default: 'train' },
    kills: { type: 'string', default: '50' },
    signals: { type: 'string', default: 'SIGKILL' },
    seed: { type: 'string', default: '1' },
  },
});
const wantedKills = Number(values.kills);
const signals = values.signals.split(',') as NodeJS.Signals[];
/** Of one chain, before it may go on to its end. */
const killsOfChain = 5;
/** Steps between two states. */
const interval = 2;

const folder = mkdtempSync(join(tmpdir(), 'cmtdet-kill-'));
const { splits, crops } = await generateShapes(join(folder, 'data'), { train: 24, val: 16 });

const tiny = [
  'model.backbone.variant={ dims: [8, 8, 8, 8], stemChannels: 4, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1] }',
  'model.backbone.biasSize=32',
  'train.accumulate=2',
  'train.ema=0.9',
  'train.epochs=4',
  'train.evaluateEvery=2',
  `train.checkpointEvery=${interval}`,
  'train.logEvery=1',
  'train.keep=2',
  'train.schedule={ name: cosine, warmupSteps: 2 }',
  'engine.threads=1',
  'engine.fuse=none',
  'data.workers=0',
];
const configs: Readonly<Record<string, readonly string[]>> = {
  train: [
    'configs/smoke.yaml',
    'model.neck={ channels: 32, levels: [P3, P4, P5] }',
    `data.train=${JSON.stringify({ ...splits.train, limit: 8 })}`,
    `data.val=${JSON.stringify({ ...splits.val, limit: 2 })}`,
    'data.shortSide=32',
    'data.longSide=32',
    'data.flip=0.5',
    'data.photometric={ probability: 0.5 }',
    'train.batchSize=1',
  ],
  pretrain: [
    'configs/demo_pretrain.yaml',
    'model.head={ name: cmt, channels: 8, dropout: 0.1 }',
    `data.train=${JSON.stringify(join(crops, 'train'))}`,
    `data.val=${JSON.stringify(join(crops, 'val'))}`,
    'data.trainFraction=0.25',
    'data.size=32',
    'data.mixup=0.8',
    'data.cutmix=1',
    'data.erasing={ probability: 0.25 }',
    'data.repeatedAugmentation=2',
    'train.batchSize=2',
  ],
};
const config = configs[values.task];
if (config === undefined) throw new Error(`--task ${values.task}: expected train or pretrain`);
const [file, ...changes] = [...config, ...tiny];
const command = [values.task, file!, ...changes.flatMap((change) => ['--set', change])];

interface End {
  readonly code: number | null;
  readonly said: string;
  /** Since the run had its folder. */
  readonly ms: number;
}

/** Runs the command to its end, or until a signal, so many milliseconds after the run has its folder, ends it. */
async function run(
  args: readonly string[],
  stop?: { readonly afterMs: number; readonly signal: NodeJS.Signals },
): Promise<End> {
  const { child, said, ended } = startCommand([...command, ...args]);
  let began = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', () => {
    if (began < Number.POSITIVE_INFINITY || !said().includes('run folder')) return;
    began = performance.now();
    timer = stop && setTimeout(() => child.kill(stop.signal), stop.afterMs);
  });
  const code = await ended;
  clearTimeout(timer);
  return { code, said: said(), ms: performance.now() - began };
}

/** Holds a stopped run to what is promised. @returns whether there is something to resume */
function check(path: string, wasAnswered: boolean): boolean {
  const isThere = (name: string) => existsSync(join(path, name));
  if (!isThere('config.yaml')) return false; // killed while the folder was made
  for (const name of readdirSync(path).filter((one) => one.endsWith('.safetensors') && !one.startsWith('.')))
    readSafetensors(join(path, name)); // its checksum too
  const made = new MetricsLog(join(path, 'metrics.jsonl')).lines('train').at(-1)?.step ?? 0;
  if (!isThere('state.safetensors')) counts.beforeFirstState++;
  const saved = isThere('state.safetensors') ? readState(join(path, 'state.safetensors')).header.progress.updates : 0;
  if (made - saved > (wasAnswered ? 0 : interval)) throw new Error(`${path}: step ${made} was made, ${saved} is saved`);
  return true;
}

const undisturbed = await run(['--run', join(folder, 'undisturbed')]);
if (undisturbed.code !== exitCodes.done) throw new Error(undisturbed.said);
const wanted = digestOf(join(folder, 'undisturbed'));
const wholeMs = undisturbed.ms;

const random = new Random(Number(values.seed));
const counts = { kills: 0, answered: 0, beforeFirstState: 0, chains: 0, endedBefore: 0 };
while (counts.kills < wantedKills) {
  const path = join(folder, `chain${counts.chains + 1}`);
  let [ofChain, resume] = [0, false];
  for (;;) {
    const isToStop = ofChain < killsOfChain && counts.kills < wantedKills;
    const stop = { afterMs: random.next() * wholeMs, signal: signals[counts.kills % signals.length]! };
    const { code, said } = await run(['--run', path, ...(resume ? ['--resume'] : [])], isToStop ? stop : undefined);
    if (code === exitCodes.done) {
      if (isToStop) counts.endedBefore++;
      break;
    }
    if (code !== null && code !== exitCodes.interrupted) throw new Error(`${path} does not go on (${code}):\n${said}`);
    ofChain++;
    counts.kills++;
    if (code !== null) counts.answered++;
    resume = check(path, code !== null);
    note(`${stop.signal} ${counts.kills} of ${wantedKills}, chain ${counts.chains + 1}`);
  }
  if (digestOf(path) !== wanted) throw new Error(`${path} came to other weights than the undisturbed run`);
  counts.chains++;
  rmSync(path, { recursive: true });
}
rmSync(folder, { recursive: true });
printJson({ task: values.task, signals, seed: Number(values.seed), ...counts, wholeRunMs: Math.round(wholeMs) });
