import sharp from 'sharp';
import { type ChartOption, chartSvg } from '../draw/chart.js';
import { shortened } from '../formats/shortened.js';
import type { ConfusionMatrix } from './confusion.js';
import type { PrecisionRecallCurve } from './curves.js';
import type { ErrorBreakdown } from './errorBreakdown.js';
import { errorKinds } from './verdicts.js';

/** Curves drawn one by one up to this many; above, a legend would hide the picture, and the mean stands alone. */
export const mostCurves = 20;

/** Precision by recall. A PNG. */
export async function drawPrecisionRecall(curves: readonly PrecisionRecallCurve[]): Promise<Buffer> {
  const drawn = curves.filter(({ precision, id }) => precision && (id === null || curves.length <= mostCurves + 1));
  const names = chartNames(drawn.map(({ name }) => name));
  const series = drawn.map(({ id, precision }, i) => ({
    type: 'line',
    name: names[i],
    showSymbol: false,
    lineStyle: { width: id === null ? 3 : 1.5 },
    data: precision!.map((value, r) => [r / 100, value]),
  }));
  return draw(960, 640, {
    title: { text: `Precision and recall at IoU ${curves[0]?.iou ?? ''}` },
    legend: { left: 720, top: 40, orient: 'vertical', data: names },
    grid: { left: 60, right: 250, top: 60, bottom: 60 },
    xAxis: { type: 'value', name: 'recall', nameLocation: 'middle', nameGap: 30, min: 0, max: 1 },
    yAxis: { type: 'value', name: 'precision', min: 0, max: 1 },
    series,
  });
}

/** Categories of a picture of confusions; of more, those with the most faults are shown. */
const mostRows = 100;

/** Objects by row (what they are) and column (what they were found as), each row as shares of its sum. A PNG. */
export async function drawConfusion({ categories, counts, scoreThreshold, iou }: ConfusionMatrix): Promise<Buffer> {
  const K = categories.length;
  const shown = [...(K <= mostRows ? categories.keys() : mostFaulty(counts, mostRows)), K];
  const names = chartNames(shown.map((k) => categories[k]?.name ?? 'background'));
  const cells = shown.flatMap((k, truth) => {
    const sum = counts[k]!.reduce((a, b) => a + b, 0);
    return shown.map((l, found) => [found, truth, sum > 0 ? counts[k]![l]! / sum : 0, counts[k]![l]!] as const);
  });
  const side = Math.min(1600, 260 + names.length * 60);
  const labels = names.length <= 16;
  const selection = K <= mostRows ? '' : `, the ${mostRows} categories with the most faults of ${K}`;
  return draw(side + 60, side, {
    title: { text: `Confusion at IoU ${iou}, scores from ${scoreThreshold}${selection}` },
    grid: { left: 190, right: 90, top: 60, bottom: 170 },
    xAxis: {
      type: 'category',
      data: names,
      name: 'found as',
      nameLocation: 'middle',
      nameGap: 145,
      axisLabel: { rotate: 60 },
    },
    yAxis: { type: 'category', data: names, inverse: true, name: 'is', nameLocation: 'start' },
    visualMap: { min: 0, max: 1, right: 5, top: 'middle', inRange: { color: ['#ffffff', '#08519c'] }, dimension: 2 },
    series: [
      {
        type: 'heatmap',
        data: cells.map(([found, truth, share]) => [found, truth, share]),
        label: { show: labels, formatter: ({ dataIndex }: { dataIndex: number }) => String(cells[dataIndex]![3]) },
      },
    ],
  });
}

/** The categories that are most often not found, found where nothing is, or taken for another, in their order. */
function mostFaulty(counts: ConfusionMatrix['counts'], number: number): number[] {
  const faults = new Float64Array(counts.length - 1);
  for (const [truth, row] of counts.entries()) {
    for (const [found, count] of row.entries()) {
      if (truth === found) continue;
      if (truth < faults.length) faults[truth]! += count;
      if (found < faults.length) faults[found]! += count;
    }
  }
  const worst = [...faults.keys()].sort((a, b) => faults[b]! - faults[a]!);
  return worst.slice(0, number).sort((a, b) => a - b);
}

/** AP lost to each kind of error. A PNG. */
export async function drawErrors({ errors, iou }: ErrorBreakdown): Promise<Buffer> {
  return draw(720, 480, {
    title: { text: `AP at IoU ${iou} lost to each kind of error` },
    grid: { left: 70, right: 30, top: 60, bottom: 50 },
    xAxis: { type: 'category', data: [...errorKinds] },
    yAxis: { type: 'value', name: 'dAP' },
    series: [{ type: 'bar', data: errorKinds.map((kind) => errors[kind].dAP ?? 0) }],
  });
}

/** Letters of a name in a chart: a long one takes the place of the chart, and one of 20,000 letters minutes to set. */
const longestName = 24;

/** Names for legends and axes: short, and none twice, which a chart would take for one. */
function chartNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const short = shortened(name, longestName);
    const times = (seen.get(short) ?? 0) + 1;
    seen.set(short, times);
    return times === 1 ? short : `${short} (${times})`;
  });
}

async function draw(width: number, height: number, option: ChartOption): Promise<Buffer> {
  return sharp(Buffer.from(chartSvg(width, height, { backgroundColor: '#ffffff', ...option })))
    .png()
    .toBuffer();
}
