/** The chart of tools/bench-size.ts: time above, memory below; over the side on the left, over the batch on the right. */
import * as echarts from 'echarts';
import sharp from 'sharp';

export interface CostPoint {
  /** What grows in the series that the point belongs to. */
  readonly over: 'side' | 'batch';
  readonly mode: 'forward' | 'train';
  /** In pixels. */
  readonly side: number;
  readonly batch: number;
  readonly msPerPicture: number;
  readonly peakMb: number;
  /** Multiply-accumulates of a picture's forward pass, in 10⁹. */
  readonly gmacs: number;
}

type Over = CostPoint['over'];

const panels = [
  { over: 'side', measure: 'time' },
  { over: 'batch', measure: 'time' },
  { over: 'side', measure: 'memory' },
  { over: 'batch', measure: 'memory' },
] as const;
const colours = { forward: '#2563eb', train: '#dc2626' } as const;
const names = { forward: 'forward', train: 'training step' } as const;
const axisNames = {
  side: 'side of one picture, pixels',
  batch: 'pictures in a batch (224 x 224)',
  time: 'ms a picture',
  memory: 'peak GB',
} as const;
const pixelRatio = 2;

/** A PNG. */
export async function drawCost(network: string, points: readonly CostPoint[]): Promise<Buffer> {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 1000, height: 780 });
  const columns = { side: { left: 70, width: 390 }, batch: { left: 560, width: 390 } };
  const rows = { time: { top: 110, height: 265 }, memory: { top: 455, height: 265 } };
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: `${network}: cost against size`, left: 'center', top: 8 },
    // Wide gaps: without a screen, echarts guesses how long texts are.
    legend: {
      top: 40,
      itemGap: 60,
      data: Object.values(names).flatMap((name) => [name, `${name}, if it grew with FLOPs`]),
    },
    grid: panels.map(({ over, measure }) => ({ ...columns[over], ...rows[measure] })),
    xAxis: panels.map(({ over }, i) => ({ ...logAxis(i, places(points, over)), ...named(axisNames[over], 26) })),
    yAxis: panels.map(({ measure }, i) => ({
      type: measure === 'time' ? 'log' : 'value',
      gridIndex: i,
      min: measure === 'time' ? undefined : 0,
      name: axisNames[measure],
    })),
    series: panels.flatMap(({ over, measure }, i) =>
      (['forward', 'train'] as const).flatMap((mode) => {
        const own = points.filter((point) => point.over === over && point.mode === mode);
        const common = { type: 'line' as const, xAxisIndex: i, yAxisIndex: i, color: colours[mode] };
        const line = { ...common, name: names[mode], symbolSize: 7 };
        if (measure === 'memory') return [{ ...line, data: own.map((point) => [point[over], point.peakMb / 1000]) }];
        const first = own[0];
        const byFlops = own.map((point) => [point[over], (first!.msPerPicture * point.gmacs) / first!.gmacs]);
        return [
          { ...line, data: own.map((point) => [point[over], point.msPerPicture]) },
          {
            ...common,
            name: `${names[mode]}, if it grew with FLOPs`,
            showSymbol: false,
            lineStyle: { type: 'dashed' as const, opacity: 0.6 },
            data: byFlops,
          },
        ];
      }),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose(); // its clock would keep the process alive
  return sharp(Buffer.from(svg), { density: 72 * pixelRatio })
    .png()
    .toBuffer();
}

function places(points: readonly CostPoint[], over: Over): number[] {
  const values = points.filter((point) => point.over === over).map((point) => point[over]);
  return [...new Set(values)].sort((a, b) => a - b);
}

/** A logarithmic axis with a mark at each measured place, and none else. */
function logAxis(gridIndex: number, marks: readonly number[]) {
  return {
    type: 'log' as const,
    logBase: 2,
    gridIndex,
    min: marks[0],
    max: marks.at(-1),
    axisTick: { customValues: marks },
    axisLabel: { customValues: marks },
  };
}

const named = (name: string, nameGap: number) => ({ name, nameLocation: 'middle' as const, nameGap });
