/**
 * What working together costs: npx tsx tools/workers/rate.ts [--model cmt_s] [--batch 8] [--steps 5] [--rounds 3] [--json]
 *
 * Times a training step on made-up pictures, in turn, as one process with all cores (the whole batch), as one process a core that
 * exchange gradients (a share of the batch each, pinned to their cores), and as the same processes without the exchange. The ratio is
 * pictures a second over those of the one process; what the exchange costs is the step with it less the step without. Needs taskset.
 * Runs what was compiled last (npm run setup).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { note, print, printJson, table } from '../../src/cli/console.js';
import { toTfConfig } from '../../src/distributed/cluster.js';
import { freePorts } from '../../src/distributed/ports.js';
import type { Profile } from '../../src/run/profile.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'cmt_s' },
    batch: { type: 'string', default: '8' },
    steps: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const cores = availableParallelism();
const batch = Number(values.batch);

type Result = Omit<Profile, 'lastStep'>;

/** `cmtdet profile` in a process of its own; undefined of a worker that says nothing. */
async function profile(
  pictures: number,
  threads: number,
  core?: number,
  tfConfig?: string,
): Promise<Result | undefined> {
  const command = [
    'bin/cmtdet.js',
    'profile',
    values.model,
    '--batch',
    String(pictures),
    '--steps',
    values.steps,
    '--json',
  ];
  const pinned = core === undefined ? [] : ['taskset', '-c', String(core)];
  const [program, ...args] = [...pinned, process.execPath, ...command];
  const environment = { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: String(threads) };
  const child = spawn(program!, args, {
    env: { ...process.env, ...environment, ...(tfConfig && { TF_CONFIG: tfConfig }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, wrong] = ['', ''];
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    wrong += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(wrong);
  return said === '' ? undefined : JSON.parse(said);
}

async function oneACore(together: boolean): Promise<Result> {
  const addresses = (await freePorts(cores)).map((port) => `127.0.0.1:${port}`);
  const all = await Promise.all(
    addresses.map((_, index) =>
      profile(batch / cores, 1, index, together ? toTfConfig({ addresses, index }) : undefined),
    ),
  );
  const results = all.filter((one) => one !== undefined);
  return results.reduce((slowest, one) => (one.wallMs > slowest.wallMs ? one : slowest));
}

const ways = {
  [`1 process, ${cores} threads`]: async () => (await profile(batch, cores))!,
  [`${cores} workers`]: () => oneACore(true),
  [`${cores} processes without exchange`]: () => oneACore(false),
};

const found: Record<string, Result[]> = {};
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, run] of Object.entries(ways)) {
    note(`round ${round + 1}: ${name}`);
    found[name] = [...(found[name] ?? []), await run()];
  }

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const [alone, shared, apart] = Object.values(found).map((results) => median(results.map(({ wallMs }) => wallMs)));
const exchanges = found[`${cores} workers`]!.map(({ exchange }) => exchange!);
const part = (key: 'computingMs' | 'waitingMs' | 'movingMs' | 'hiddenMs') => median(exchanges.map((one) => one[key]));
const exchangeMs = part('waitingMs') + part('movingMs');
const result = {
  model: values.model,
  batch,
  stepMs: { alone, shared, apart },
  ratio: alone! / shared!,
  exchange: {
    computingMs: part('computingMs'),
    waitingMs: part('waitingMs'),
    movingMs: part('movingMs'),
    besideComputing: part('hiddenMs') / exchangeMs,
  },
  costMs: shared! - apart!,
  hidden: 1 - (shared! - apart!) / exchangeMs,
};

if (values.json) printJson(result);
else {
  const ms = (value: number) => value.toFixed(0);
  const rows = Object.keys(ways).map((name, i) => {
    const time = [alone, shared, apart][i]!;
    return [name, ms(time), ((1000 * batch) / time).toFixed(2), (alone! / time).toFixed(3)];
  });
  print(table([`${values.model}, a training step on ${batch} pictures`, 'ms', 'pictures/s', 'of one process'], rows));
  const { exchange, costMs, hidden } = result;
  print(
    `\nof a recorded step of a worker: computing ${ms(exchange.computingMs)} ms, waiting for the other ${ms(exchange.waitingMs)} ms, ` +
      `moving numbers ${ms(exchange.movingMs)} ms, ${(100 * exchange.besideComputing).toFixed(0)} % of both beside computing`,
  );
  print(`the exchange makes a step ${ms(costMs)} ms longer: ${(100 * hidden).toFixed(0)} % of it is hidden`);
}
