/**
 * Speed beside PyTorch, on this machine and in one run.
 *
 *   npm run bench -- [--quick] [--compile] [--compile-limit SECONDS] [--only NAME...] [--out FILE]
 *
 * First the PyTorch twins (bench/pytorch/twin.py) are held to our numbers. Then, for each case of bench/cases.ts, cmtdet and its
 * peers are measured in turn, each in a process of its own, three rounds with a changing order. Peers: PyTorch in its default
 * layout and in channels-last, torch.compile with a time limit (900 s a process), onnxruntime where it can run the work. --quick
 * is one round without torch.compile, which --compile brings back. --only takes names of cases, or their beginnings.
 *
 * A ratio is our rate over that of PyTorch's fastest mode, from the medians of all steps. --out writes
 * { ratios: { "cmt_s/train": x, ... }, details, machine }.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/console.js';
import { type BenchCase, cases, perPicture } from './bench/cases.js';
import { type ContenderOptions, contendersOf } from './bench/contenders.js';
import { JobFailure, runJob } from './bench/job.js';
import { describeMachine } from './bench/machine.js';
import { benchPython } from './bench/python.js';
import { type CaseResult, compareWithReference, type Entry, type Line, resultOf } from './bench/results.js';

const { values: options, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    compile: { type: 'boolean', default: false },
    'compile-limit': { type: 'string', default: '900' },
    only: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
  },
  allowPositionals: true,
});
const only = [...options.only, ...positionals];
const chosen = cases.filter(({ name }) => only.length === 0 || only.some((wanted) => name.startsWith(wanted)));
if (chosen.length === 0)
  throw new Error(`no case ${only.join(', ')}; there are ${cases.map(({ name }) => name).join(', ')}`);

const python = benchPython();
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB`);
console.log(
  Object.entries(machine.versions)
    .map((entry) => entry.join(' '))
    .join(', '),
);
checkTwins();
const details: Record<string, CaseResult> = {};
for (const benchCase of chosen) {
  const result = await measure(benchCase, {
    python,
    compile: options.compile || !options.quick,
    compileSeconds: Number(options['compile-limit']),
  });
  details[benchCase.name] = result;
  print(benchCase.name, result);
  write(); // after each case: a run of an hour may be cut short
}
for (const [few, many] of perPicture) {
  const [small, large] = [few, many].map((name) => details[name]?.lines.find(({ family }) => family === 'cmtdet'));
  if (small && large) {
    const times = (small.picturesPerSecond / large.picturesPerSecond).toFixed(2);
    console.log(`\ncmtdet, time of a picture: ${many} takes ${times} times that of ${few}`);
  }
}

function checkTwins(): void {
  const script = fileURLToPath(new URL('./bench/checkTwins.ts', import.meta.url));
  const output = execFileSync(process.execPath, ['--import', 'tsx', script, python], { encoding: 'utf8' });
  console.log(`twins agree with cmtdet: ${output.trim()}`);
}

/** All rounds of a case. A peer that fails is told of and left out from then on; cmtdet must not fail. */
async function measure(benchCase: BenchCase, peers: ContenderOptions): Promise<CaseResult> {
  const rounds = options.quick ? 1 : 3;
  const contenders = contendersOf(benchCase, peers);
  const entries = contenders.map(({ name, family }): Entry => ({ name, family, runs: [], failure: null }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const place = (turn + round) % contenders.length; // another one begins each round
      const { name, family, command, args, limits } = contenders[place]!;
      const entry = entries[place]!;
      if (entry.failure !== null) continue;
      process.stderr.write(`${benchCase.name}, round ${round + 1} of ${rounds}: ${name}\n`);
      try {
        entry.runs.push(await runJob(command, args, limits));
      } catch (error) {
        if (!(error instanceof JobFailure) || family === 'cmtdet') throw error;
        entry.failure = error.message;
      }
    }
  }
  return resultOf(benchCase, entries);
}

function print(name: string, result: CaseResult): void {
  const { batch, inputSize, ratio, lines, failures } = result;
  const ms = (seconds: number) => (seconds * 1000).toFixed(0);
  const row = ({ name: who, picturesPerSecond, secondsPerStep: { median, quartiles }, peakMb }: Line) => [
    who,
    picturesPerSecond.toFixed(2),
    ms(median),
    quartiles.map(ms).join(' - '),
    peakMb,
  ];
  console.log(`\n${name}, ${batch} x ${inputSize.join(' x ')}: ratio ${ratio.toFixed(2)}`);
  console.log(table(['', 'pictures/s', 'ms a step', 'quartiles', 'peak MB'], lines.map(row)));
  for (const [who, why] of Object.entries(failures)) console.log(`${who}: no figure; ${why}`);
  const compared = compareWithReference(result);
  if (compared === null) return;
  const { reference, time, macs } = compared;
  console.log(
    `beside ${reference}: ${time.toFixed(2)} times its time, ${macs.toFixed(2)} times its multiply-accumulates (factor ${(time / macs).toFixed(2)})`,
  );
}

function write(): void {
  if (options.out === undefined) return;
  const ratios = Object.fromEntries(Object.entries(details).map(([name, { ratio }]) => [name, ratio]));
  writeFileSync(options.out, `${JSON.stringify({ ratios, details, machine }, null, 2)}\n`);
}
