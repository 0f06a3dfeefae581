/**
 * Draws the curves of runs: npx tsx tools/plot-run.ts OUT.png RUN...
 *
 * Left axis: training loss, smoothed over ten lines of metrics.jsonl; right axis: AP and AP50 (or top-1) on val.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as echarts from 'echarts';
import sharp from 'sharp';

interface Line {
  readonly kind: string;
  readonly step: number;
  readonly [metric: string]: number | string | null;
}

const [out, ...runs] = process.argv.slice(2);
if (out === undefined || runs.length === 0) throw new Error('expected: OUT.png RUN...');

/** One colour a run; what is drawn tells itself by its line. */
const colours = ['#3564d8', '#e07b1f', '#2a9d5c', '#8d4cc2'];
const lineOf: Record<string, 'solid' | 'dashed' | 'dotted'> = { AP: 'solid', top1: 'solid', AP50: 'dashed' };

const series = runs.flatMap((run, i) => {
  const color = colours[i % colours.length]!;
  const lines: Line[] = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const name = basename(run);
  const training = lines.filter(({ kind }) => kind === 'train');
  const loss = training.map(({ step }, i) => {
    const recent = training.slice(Math.max(0, i - 9), i + 1);
    return [step, recent.reduce((sum, line) => sum + Number(line.loss), 0) / recent.length];
  });
  const val = lines.filter(({ kind }) => kind === 'val');
  const measured = ['AP', 'AP50', 'top1'].filter((metric) => val.some((line) => typeof line[metric] === 'number'));
  return [
    {
      name: `${name}: loss`,
      type: 'line' as const,
      color,
      lineStyle: { type: 'dotted' as const },
      showSymbol: false,
      data: loss,
    },
    ...measured.map((metric) => ({
      name: `${name}: ${metric}`,
      type: 'line' as const,
      color,
      lineStyle: { type: lineOf[metric]! },
      yAxisIndex: 1,
      symbolSize: 7,
      data: val.map((line) => [line.step, line[metric] as number]),
    })),
  ];
});

const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 1020, height: 420 });
chart.setOption({
  animation: false,
  backgroundColor: '#fff',
  legend: { orient: 'vertical', right: 40, top: 40, itemWidth: 36 },
  grid: { left: 60, right: 310, bottom: 50, top: 40 },
  xAxis: { type: 'value', name: 'step', nameLocation: 'middle', nameGap: 28 },
  yAxis: [
    { type: 'value', name: 'loss', min: 0 },
    { type: 'value', name: 'val', min: 0, max: 1, splitLine: { show: false } },
  ],
  series,
});
await sharp(Buffer.from(chart.renderToSVGString())).png().toFile(out);
chart.dispose(); // its clock would keep the process alive
