/**
 * Cost against size: time and memory of a classifier's forward pass and training step, over the side of the pictures and over
 * the batch.
 *
 *   npx tsx tools/bench-size.ts [--network cmt_s] [--sides 256,...] [--batches 1,...] [--memory GIB] [--out FILE.png]
 *
 * Each point is a process of its own. One that grows beyond --memory (18) is left out, and so are the larger ones after it. Writes
 * a chart, by default docs/images/cost.png, and the figures beside it as json. Dashed lines in the chart are what the time of
 * the smallest point would become if it grew with the multiply-accumulates.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/console.js';
import { networkOf } from '../src/models/build.js';
import { findModel } from '../src/run/namedModel.js';
import { oursCommand } from './bench/contenders.js';
import { type CostPoint, drawCost } from './bench/costChart.js';
import { type Job, JobFailure, runJob } from './bench/job.js';
import { describeMachine } from './bench/machine.js';
import { quantile } from './bench/statistics.js';

const { values: options } = parseArgs({
  options: {
    network: { type: 'string', default: 'cmt_s' },
    sides: { type: 'string', default: '256,384,512,640,768,896,1024' },
    batches: { type: 'string', default: '1,2,4,8,16,32' },
    memory: { type: 'string', default: '18' },
    out: { type: 'string', default: 'docs/images/cost.png' },
  },
});
const numbers = (text: string) => text.split(',').map(Number);
/** Side of the pictures where the batch grows. */
const batchSide = 224;
const limits = { seconds: 1800, memoryGib: Number(options.memory) };

const { config, classes } = await findModel(options.network);
const series = {
  side: numbers(options.sides).map((side) => ({ side, batch: 1 })),
  batch: numbers(options.batches).map((batch) => ({ side: batchSide, batch })),
};
const points: CostPoint[] = [];
for (const over of ['side', 'batch'] as const) {
  for (const mode of ['forward', 'train'] as const) {
    for (const { side, batch } of series[over]) {
      const point = await measure(over, { mode, side, batch });
      if (point === undefined) break; // larger ones would fail as well
      points.push(point);
    }
  }
}
report();
writeFileSync(options.out, await drawCost(options.network, points));
writeFileSync(
  options.out.replace(/\.\w+$/, '.json'),
  `${JSON.stringify({ network: options.network, machine: describeMachine(), points }, null, 2)}\n`,
);

/** Undefined where it does not fit. */
async function measure(
  over: CostPoint['over'],
  { mode, side, batch }: Pick<CostPoint, 'mode' | 'side' | 'batch'>,
): Promise<CostPoint | undefined> {
  const job: Job = { network: options.network, mode, batch, height: side, width: side, warmUp: 2, steps: 5 };
  const { command, args } = oursCommand(job);
  console.error(`${mode}, ${batch} x ${side} x ${side}`);
  try {
    const { seconds, peakMb } = await runJob(command, args, limits);
    return {
      over,
      mode,
      side,
      batch,
      msPerPicture: (quantile(seconds, 0.5) * 1000) / batch,
      peakMb: Math.round(peakMb),
      gmacs: networkOf(config, classes).macs({ height: side, width: side }) / 1e9,
    };
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    console.log(`${mode}, ${batch} x ${side} x ${side}: left out, with what is larger; ${error.message}`);
    return undefined;
  }
}

function report(): void {
  for (const over of ['side', 'batch'] as const) {
    for (const mode of ['forward', 'train'] as const) {
      const own = points.filter((point) => point.over === over && point.mode === mode);
      const rows = own.map(({ side, batch, msPerPicture, peakMb, gmacs }) => [
        `${batch} x ${side} x ${side}`,
        msPerPicture.toFixed(0),
        peakMb,
        gmacs.toFixed(2),
        (msPerPicture / gmacs / (own[0]!.msPerPicture / own[0]!.gmacs)).toFixed(2),
      ]);
      const head = [mode, 'ms a picture', 'peak MB', 'GMACs a picture', 'time by GMACs, beside the first'];
      console.log(`\n${table(head, rows)}`);
    }
  }
}
