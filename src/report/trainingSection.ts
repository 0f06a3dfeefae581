/** How a run went: measurements by epoch, losses, rate, gradients, speed. */
import { html } from 'hono/html';
import { axes, type ChartSize, chartCard, type Html, line, seriesColour, short } from './chart.js';
import type { LoggedLine, ReportData } from './reportData.js';

/** More points than a screen has columns only make the page heavy. */
const mostPoints = 600;

export function trainingSection(data: ReportData): Html | '' {
  const { training, lossParts, measurements, best, bestMetric, headline } = data;
  if (training.length === 0 && measurements.length === 0) return '';
  const losses = lossParts.length > 1 ? ['loss', ...lossParts] : ['loss'];
  return html`<section id="training" aria-labelledby="training-title">
<h2 id="training-title">Training</h2>
<div class="grid">
${measurements.length > 0 ? metricsChart(measurements, best, bestMetric, headline) : ''}
${training.length > 0 ? lossChart(training, measurements, losses) : ''}
</div>
<div class="grid small">
${has(training, 'learningRate') ? stepChart(training, { title: 'Learning rate', names: ['learningRate'], note: 'After each update.' }) : ''}
${has(training, 'gradientNorm') ? stepChart(training, { title: 'Length of the gradient', names: ['gradientNorm'], note: 'Before it is clipped.', fromZero: true }) : ''}
${has(training, 'rate') ? stepChart(training, { title: 'Pictures a second', names: ['rate'], note: waitingNote(training), fromZero: true }) : ''}
</div>
${measurements.length > 0 ? measurementTable(measurements, best) : ''}
</section>`;
}

const has = (lines: readonly LoggedLine[], name: string): boolean =>
  lines.some((record) => typeof record[name] === 'number');

function lossChart(
  training: readonly LoggedLine[],
  measurements: readonly LoggedLine[],
  names: readonly string[],
): Html {
  const onVal = measurements.filter(({ loss }) => finite(loss) !== null);
  const points = onVal.map(({ step, loss }): [number, number] => [step, finite(loss)!]);
  if (points.length === 0)
    return stepChart(training, { title: 'Loss', names, note: 'On the training pictures, augmented.' });
  const least = onVal.reduce((least, record) => (Number(record.loss) < Number(least.loss) ? record : least));
  const note = `On the training pictures, augmented; on val as they are, least after epoch ${least.epoch}: ${Number(least.loss).toFixed(3)}.`;
  return stepChart(training, { title: 'Loss', names, note, more: { name: 'loss on val', points } });
}

interface StepChart {
  readonly title: string;
  readonly names: readonly string[];
  /** A line that is not in the log of training. */
  readonly more?: { readonly name: string; readonly points: readonly (readonly [step: number, value: number])[] };
  readonly note?: string;
  readonly fromZero?: boolean;
}

function stepChart(lines: readonly LoggedLine[], { title, names, note, fromZero, more }: StepChart): Html {
  const shown = thinned(lines);
  const option = (size: ChartSize) => ({
    ...axes(
      { name: 'step', min: 'dataMin', max: 'dataMax', format: short },
      { ...(fromZero && { min: 0 }), format: small },
      size,
    ),
    series: [
      ...names.map((name, i) =>
        line(
          shown.map((record) => [record.step, finite(record[name])]),
          i,
          i === 0 ? {} : { lineStyle: { width: 1.5, color: seriesColour(i) } },
        ),
      ),
      ...(more ? [line(more.points, names.length, { showSymbol: true, symbolSize: 5 })] : []),
    ],
  });
  const last = lines.at(-1)!;
  const ends = names.map((name) => `${name} at the end ${last[name]}`);
  if (more) ends.push(`${more.name} at the end ${more.points.at(-1)![1]}`);
  const legend = more ? [...names, more.name] : names;
  return chartCard({
    title,
    label: ends.join(', '),
    option,
    ...(note ? { note } : {}),
    ...(legend.length > 1 ? { legend } : {}),
  });
}

/** ECharts has no ticks for an axis that ends at 10^-19 (zrender's assert throws): such a rate or loss is drawn as nothing. */
const leastDrawn = 1e-15;

/** A value of a log that can be drawn. */
export const finite = (value: unknown): number | null => {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Math.abs(value) < leastDrawn ? 0 : value;
};

/** Rates below a thousandth have their exponent. */
const small = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(0) : short(value);

export function thinned(lines: readonly LoggedLine[]): readonly LoggedLine[] {
  const step = Math.ceil(lines.length / mostPoints);
  return step <= 1 ? lines : lines.filter((_, i) => i % step === 0 || i === lines.length - 1);
}

function waitingNote(lines: readonly LoggedLine[]): string {
  const shares = lines.flatMap(({ waiting }) => (typeof waiting === 'number' ? [waiting] : []));
  if (shares.length === 0) return 'Between two lines of the log.';
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return `${(100 * mean).toFixed(1)} % of the time it waited for data.`;
}

function metricsChart(
  measurements: readonly LoggedLine[],
  best: LoggedLine | undefined,
  bestMetric: string,
  headline: readonly string[],
): Html {
  const option = (size: ChartSize) => ({
    ...axes({ name: 'epoch', min: 'dataMin', max: 'dataMax', whole: true, format: short }, { min: 0, max: 1 }, size),
    series: headline.map((name, i) =>
      line(
        measurements.map((record) => [Number(record.epoch), finite(record[name])]),
        i,
        name === bestMetric && best
          ? {
              markPoint: {
                silent: true,
                symbol: 'circle',
                symbolSize: 11,
                itemStyle: { color: 'var(--series-1)', borderColor: 'var(--card)', borderWidth: 2 },
                label: { show: false },
                data: [{ coord: [Number(best.epoch), Number(best[name])] }],
              },
            }
          : {},
      ),
    ),
  });
  const at = best ? `Best ${bestMetric} after epoch ${best.epoch}: ${Number(best[bestMetric]).toFixed(3)}.` : '';
  return chartCard({
    title: 'Measured on val',
    note: at,
    legend: headline,
    label: `${headline.join(', ')} by epoch. ${at}`,
    option,
  });
}

function measurementTable(measurements: readonly LoggedLine[], best: LoggedLine | undefined): Html {
  const names = Object.keys(measurements.at(-1)!).filter((name) => !['kind', 'step', 'epoch'].includes(name));
  const cell = (value: unknown) => (typeof value === 'number' ? value.toFixed(3) : 'n/a');
  return html`<details class="card"><summary>All measurements</summary><div class="scroll"><table>
<thead><tr><th scope="col">epoch</th>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${measurements.map((record) => html`<tr class="${record === best ? 'best' : ''}"><th scope="row">${record.epoch}</th>${names.map((name) => html`<td>${cell(record[name])}</td>`)}</tr>`)}</tbody>
</table></div></details>`;
}
