/**
 * Holds the memory estimate of `cmtdet info --memory` to what processes take: npx tsx tools/memory-check.ts [--large]
 *
 * Each case runs three steps in a process of its own, on this machine. Prints a table; ends with 1 where an estimate is off by more
 * than a fifth. --large adds one picture of 800 x 1344, which takes 9 GB and minutes.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/console.js';
import { estimateMemory } from '../src/run/memory.js';
import { findModel } from '../src/run/namedModel.js';
import { type Job, runJob } from './bench/job.js';

const { values: options } = parseArgs({ options: { large: { type: 'boolean', default: false } } });
const tolerance = 0.2;

const square = (network: string, mode: Job['mode'], batch: number, side: number): Job => ({
  ...{ network, mode, batch, height: side, width: side },
  ...{ warmUp: 0, steps: 3 },
});
const cases: readonly Job[] = [
  square('cmt_ti', 'train', 2, 160),
  square('cmt_ti', 'train', 8, 160),
  square('cmt_s', 'train', 8, 224),
  square('cmt_s', 'forward', 8, 224),
  square('retinanet_cmt_ti', 'train', 2, 320),
  square('retinanet_cmt_s', 'train', 1, 512),
  square('retinanet_cmt_s', 'forward', 1, 512),
  ...(options.large ? [{ ...square('retinanet_cmt_s', 'train', 1, 800), width: 1344 }] : []),
];

const ours = fileURLToPath(new URL('./bench/ours.ts', import.meta.url));
const rows: (string | number)[][] = [];
for (const job of cases) {
  const { network, mode, batch, height, width } = job;
  const report = await estimateMemory(await findModel(network), [height, width], batch);
  const estimate = report[mode === 'train' ? 'train' : 'inference'].totalBytes / 2 ** 20;
  const args = ['--import', 'tsx', ours, JSON.stringify(job)];
  const { peakMb: measured } = await runJob(process.execPath, args, { seconds: 900 });
  const ratio = estimate / measured;
  if (Math.abs(ratio - 1) > tolerance) process.exitCode = 1;
  rows.push([
    `${network} ${mode} ${batch} x ${height} x ${width}`,
    estimate.toFixed(0),
    measured.toFixed(0),
    ratio.toFixed(2),
  ]);
}
console.log(table(['', 'estimated MiB', 'measured MiB', 'ratio'], rows));
