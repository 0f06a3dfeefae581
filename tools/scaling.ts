/**
 * Expected scaling to many workers, from a measured step: `npx tsx tools/scaling.ts --help`. docs/distributed.md has a table.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { table } from '../src/cli/console.js';
import { type Link, scale } from './scalingModel.js';

const options = new Command('scaling')
  .option('--profile <file>', 'what `cmtdet profile NAME --json` printed: the time of a step')
  .option('--step <ms>', 'the time of a step, in place of --profile', Number)
  .requiredOption('--parameters <millions>', 'weights of the network, 4 bytes each (`cmtdet info`)', Number)
  .option('--first <share>', 'of the step after which the first gradient is ready', Number, 0.37)
  .option('--last <share>', 'of the step after which the last one is', Number, 0.97)
  .option('--spread <share>', "standard deviation of a worker's step", Number, 0.02)
  .option(
    '--exchanges <number>',
    'exchanges inside of the step (statistics of all: two for each batch norm)',
    Number,
    0,
  )
  .option('--workers-each <number>', 'workers of one machine', Number, 8)
  .option('--inside <GB/s>', 'between workers of one machine', Number, 200)
  .option('--between <GB/s>', 'between machines, for each worker', Number, 3)
  .option('--latency <us>', 'of a message between machines; inside a fifth of it', Number, 25)
  .parse()
  .opts();
const stepMs: number = options.step ?? JSON.parse(readFileSync(options.profile, 'utf8')).wallMs;
const link = (gigabytes: number, microseconds: number): Link => ({
  bytesPerMs: gigabytes * 1e6,
  latencyMs: microseconds / 1000,
});
const machines = {
  workersEach: options.workersEach,
  inside: link(options.inside, options.latency / 5),
  between: link(options.between, options.latency),
};
const facts = {
  stepMs,
  bytes: options.parameters * 4e6,
  firstReady: options.first,
  lastReady: options.last,
  spread: options.spread,
  exchanges: options.exchanges,
};
const rows = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((workers) => {
  const { exposedMs, averagingMs, waitMs, exchangesMs, efficiency, ...rest } = scale(facts, workers, machines);
  const hidden = averagingMs === 0 ? '' : `${(100 * (1 - exposedMs / averagingMs)).toFixed(0)} %`;
  const ms = [rest.stepMs, averagingMs].map((value) => value.toFixed(1));
  const lost = [exposedMs, waitMs, exchangesMs].map((value) => value.toFixed(1));
  return [workers, ...ms, hidden, ...lost, `${(100 * efficiency).toFixed(1)} %`];
});
const head = ['workers', 'step ms', 'averaging ms', 'hidden', 'exposed ms', 'slowest ms', 'exchanges ms', 'efficiency'];
process.stdout.write(`${table(head, rows)}\n`);
