/**
 * Damaged files for every reader: npx tsx tools/fuzz.ts [--seed 1] [--count 1000] [--batch 500] [--only coco,jpeg] [--json]
 *
 * A reader may take a file or refuse it with an error of src/errors.ts. Findings are every other error, a signal, a call that takes
 * more than 10 s, and a process that takes more than 1 GB. The file of case 7 of seed 1 is always the same:
 * --seed 1 --from 7 --count 1 --only coco --keep FOLDER writes it there. Ends with 1 where something was found.
 */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { note, print, printJson, table } from '../src/cli/console.js';
import { Random } from '../src/random.js';
import { fuzzedFormats } from './fuzz/formats.js';
import type { Told } from './fuzz/worker.js';

const text = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: {
    ...{ seed: text('1'), from: text('0'), count: text('1000'), batch: text('500') },
    ...{ only: { type: 'string' }, keep: { type: 'string' }, json: { type: 'boolean', default: false } },
  },
});
const [seed, from, count, batch] = [values.seed, values.from, values.count, values.batch].map(Number) as [
  number,
  number,
  number,
  number,
];
const names = values.only?.split(',') ?? Object.keys(fuzzedFormats);

const limits = { callMs: 10_000, residentMb: 1024 } as const;
const worker = fileURLToPath(new URL('./fuzz/worker.ts', import.meta.url));

interface Row {
  readonly format: string;
  cases: number;
  accepted: number;
  slowestMs: number;
  residentMb: number;
  readonly findings: { readonly at: number; readonly what: string }[];
}

const rows: Row[] = [];
for (const format of names) {
  const row: Row = { format, cases: 0, accepted: 0, slowestMs: 0, residentMb: 0, findings: [] };
  for (let next = from; next < from + count; ) next = await runBatch(row, next, Math.min(batch, from + count - next));
  rows.push(row);
  if (!values.json) note(`${format}: ${row.cases} cases, ${row.findings.length} findings`);
  for (const { at, what } of row.findings) {
    note(`  seed ${seed} case ${at}: ${what}`);
    await keep(format, at);
  }
}

if (values.json) printJson({ seed, from, rows });
else {
  const cells = rows.map(({ format, cases, accepted, slowestMs, residentMb, findings }) => [
    ...[format, cases, accepted, slowestMs.toFixed(0), residentMb.toFixed(0), findings.length],
  ]);
  print(table(['format', 'cases', 'accepted', 'slowest ms', 'resident MB', 'findings'], cells));
}
if (rows.some(({ findings }) => findings.length > 0)) process.exitCode = 1;

/** Cases `first` and on in a process of their own, which a finding may end early. @returns the case to go on with */
function runBatch(row: Row, first: number, length: number): Promise<number> {
  const options = { execArgv: ['--import', 'tsx', `--max-old-space-size=${limits.residentMb}`], silent: true };
  const child = fork(worker, [row.format, seed, first, length].map(String), options);
  let at = first;
  let under = false;
  let errors = '';
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  child.stderr!.setEncoding('utf8').on('data', (part: string) => {
    errors = (errors + part).slice(-2000);
  });
  child.stdout!.resume();
  child.on('message', (told: Told) => {
    clearTimeout(timer);
    if ('at' in told) {
      at = told.at;
      under = true;
      timer = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, limits.callMs);
    } else if ('finding' in told) row.findings.push({ at, what: told.finding });
    else {
      under = false;
      row.cases++;
      row.accepted += told.accepted ? 1 : 0;
      row.slowestMs = Math.max(row.slowestMs, told.ms);
      row.residentMb = Math.max(row.residentMb, told.residentMb);
      if (told.residentMb <= limits.residentMb) return;
      row.findings.push({ at, what: `${told.residentMb.toFixed(0)} MB resident` });
      child.kill('SIGKILL');
    }
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (late) row.findings.push({ at, what: `more than ${limits.callMs / 1000} s` });
      else if (under) row.findings.push({ at, what: `the process ended with ${signal ?? code}: ${errors}` });
      else if (code !== 0 && signal === null) reject(new Error(`the worker of ${row.format} failed: ${errors}`));
      if (under) row.cases++;
      resolve(at + 1);
    });
  });
}

async function keep(format: string, at: number): Promise<void> {
  if (values.keep === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  const { damaged, ending } = fuzzedFormats[format]!;
  writeFileSync(join(values.keep, `${format}-${seed}-${at}${ending}`), await damaged(new Random(seed).fork(at)));
}
