/** What is in a data set, as one picture: classes, sizes and shapes of boxes, how many a picture has, and where they are. */
import sharp from 'sharp';
import type { DataStats, Histogram } from '../data/coco/stats.js';
import { chartSvg } from './chart.js';

const mostClasses = 30;
const colour = '#08519c';
const width = 1320;
const chartHeight = 300;

/** A PNG. */
export async function drawDataStats({ classes, sides, ratios, perPicture, places }: DataStats): Promise<Buffer> {
  const shown = classes.slice(0, mostClasses);
  const more = classes.length > shown.length ? ` (${shown.length} of ${classes.length})` : '';
  const classHeight = Math.max(chartHeight, 60 + 18 * shown.length);
  const height = classHeight + chartHeight + 20;
  const cells = { left: 60, width: 360, top: 50 };
  const grids = [
    { left: 130, top: 50, width: 480, height: classHeight - 100 },
    { left: 760, top: 50, width: 480, height: classHeight - 100 },
    ...[0, 1, 2].map((i) => ({ ...cells, left: 60 + i * 430, top: classHeight + 40, height: chartHeight - 110 })),
  ];
  const titles = [
    `boxes of each class${more}`,
    'where the middle of boxes is, in the picture',
    'side of boxes, pixels (square root of the area)',
    'height ÷ width of boxes',
    'boxes in a picture',
  ];
  const histograms = [sides, ratios, perPicture];
  const size = places.length;
  const svg = chartSvg(width, height, {
    backgroundColor: '#ffffff',
    title: grids.map(({ left, top }, i) => ({
      text: titles[i],
      left: left - 40,
      top: top - 38,
      textStyle: { fontSize: 15 },
    })),
    grid: grids,
    xAxis: [
      { gridIndex: 0, type: 'value' },
      { gridIndex: 1, type: 'category', data: [...Array(size).keys()], axisLabel: { show: false } },
      ...histograms.map(({ labels }, i) => ({
        gridIndex: 2 + i,
        type: 'category',
        data: labels,
        axisLabel: { rotate: 45 },
      })),
    ],
    yAxis: [
      { gridIndex: 0, type: 'category', data: shown.map(({ name }) => name.slice(0, 18)), inverse: true },
      { gridIndex: 1, type: 'category', data: [...Array(size).keys()], inverse: true, axisLabel: { show: false } },
      ...histograms.map((_, i) => ({ gridIndex: 2 + i, type: 'value' })),
    ],
    visualMap: {
      min: 0,
      max: Math.max(1, ...places.flat()),
      dimension: 2,
      seriesIndex: 1,
      show: false,
      inRange: { color: ['#ffffff', colour] },
    },
    series: [
      {
        type: 'bar',
        itemStyle: { color: colour },
        data: shown.map(({ boxes }) => boxes),
        label: { show: true, position: 'right' },
      },
      {
        type: 'heatmap',
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: places.flatMap((row, y) => row.map((count, x) => [x, y, count])),
      },
      ...histograms.map(({ counts }: Histogram, i) => ({
        type: 'bar',
        xAxisIndex: 2 + i,
        yAxisIndex: 2 + i,
        itemStyle: { color: colour },
        data: counts,
      })),
    ],
  });
  return sharp(Buffer.from(svg)).png().toBuffer();
}
