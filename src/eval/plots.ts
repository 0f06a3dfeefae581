import sharp from 'sharp';
import { type ChartOption, chartSvg } from '../draw/chart.js';
import type { ConfusionMatrix } from './confusion.js';
import type { PrecisionRecallCurve } from './curves.js';
import type { ErrorBreakdown } from './errorBreakdown.js';
import { errorKinds } from './verdicts.js';

/** Curves drawn one by one up to this many; above, a legend would hide the picture, and the mean stands alone. */
export const mostCurves = 20;

/** Precision by recall. A PNG. */
export async function drawPrecisionRecall(curves: readonly PrecisionRecallCurve[]): Promise<Buffer> {
  const drawn = curves.filter(({ precision, id }) => precision && (id === null || curves.length <= mostCurves + 1));
  const series = drawn.map(({ name, id, precision }) => ({
    type: 'line',
    name,
    showSymbol: false,
    lineStyle: { width: id === null ? 3 : 1.5 },
    data: precision!.map((value, r) => [r / 100, value]),
  }));
  return draw(900, 640, {
    title: { text: `Precision and recall at IoU ${curves[0]?.iou ?? ''}` },
    legend: { right: 10, top: 40, orient: 'vertical', data: drawn.map(({ name }) => name) },
    grid: { left: 60, right: 200, top: 60, bottom: 60 },
    xAxis: { type: 'value', name: 'recall', nameLocation: 'middle', nameGap: 30, min: 0, max: 1 },
    yAxis: { type: 'value', name: 'precision', min: 0, max: 1 },
    series,
  });
}

/** Objects by row (what they are) and column (what they were found as), each row as shares of its sum. A PNG. */
export async function drawConfusion({ categories, counts, scoreThreshold, iou }: ConfusionMatrix): Promise<Buffer> {
  const names = [...categories.map(({ name }) => name), 'background'];
  const cells = counts.flatMap((row, truth) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return row.map((count, found) => [found, truth, sum > 0 ? count / sum : 0, count] as const);
  });
  const side = Math.min(1600, 260 + names.length * 60);
  const labels = names.length <= 16;
  return draw(side + 60, side, {
    title: { text: `Confusion at IoU ${iou}, scores from ${scoreThreshold}` },
    grid: { left: 130, right: 90, top: 60, bottom: 110 },
    xAxis: {
      type: 'category',
      data: names,
      name: 'found as',
      nameLocation: 'middle',
      nameGap: 85,
      axisLabel: { rotate: 60 },
    },
    yAxis: { type: 'category', data: names, inverse: true, name: 'is' },
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

async function draw(width: number, height: number, option: ChartOption): Promise<Buffer> {
  return sharp(Buffer.from(chartSvg(width, height, { backgroundColor: '#ffffff', ...option })))
    .png()
    .toBuffer();
}
