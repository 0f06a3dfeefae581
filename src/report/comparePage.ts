/** Runs side by side as one page. */
import { html } from 'hono/html';
import { axes, type ChartSize, chartCard, type Html, line, short } from './chart.js';
import { describeMetric, document, type PageParts } from './page.js';
import type { LoggedLine } from './reportData.js';
import { finite, thinned } from './trainingSection.js';

/** What `compare` of src/run found. */
export interface ComparedRuns {
  readonly runs: readonly {
    readonly name: string;
    readonly metric: string;
    readonly epoch: number | null;
    readonly seconds: number | null;
    readonly picturesPerSecond: number | null;
    readonly metrics: Readonly<Record<string, number | null>>;
  }[];
  readonly differences: readonly { readonly key: string; readonly values: readonly (string | null)[] }[];
  readonly curves: readonly {
    readonly training: readonly LoggedLine[];
    readonly measurements: readonly LoggedLine[];
  }[];
  readonly version: string;
}

export function comparePage(compared: ComparedRuns, parts: PageParts): Promise<string> {
  const { runs, curves, differences, version } = compared;
  const names = runs.map(({ name }) => name);
  const metric = runs[0]!.metric;
  const charts = [
    overlay(
      `${metric} on val`,
      'epoch',
      names,
      curves.map(({ measurements }) => pointsOf(measurements, 'epoch', metric)),
    ),
    overlay(
      'Loss',
      'step',
      names,
      curves.map(({ training }) => pointsOf(thinned(training), 'step', 'loss')),
    ),
  ];
  return document(
    names.join(', '),
    parts,
    html`<header><p class="kind">cmtdet comparison</p><h1>${runs.length} runs</h1></header>
<main><section><h2>Numbers</h2><div class="card scroll">${numbers(compared)}</div></section>
<section><h2>Curves</h2><div class="grid">${charts}</div></section>
<section><h2>What differs in the configs</h2><div class="card scroll">${differencesTable(names, differences)}</div></section></main>
<footer>Written by cmtdet ${version}. This page asks no other for anything.</footer>`,
  );
}

const pointsOf = (lines: readonly LoggedLine[], x: string, y: string): [number, number | null][] =>
  lines.map((record) => [Number(record[x]), finite(record[y])]);

function overlay(
  title: string,
  x: string,
  names: readonly string[],
  lines: readonly [number, number | null][][],
): Html {
  const option = (size: ChartSize) => ({
    ...axes({ name: x, min: 'dataMin', max: 'dataMax', whole: true, format: short }, { min: 0, format: short }, size),
    series: lines.map((points, i) => line(points, i)),
  });
  return chartCard({ title, legend: names, label: `${title} of ${names.join(', ')}`, option });
}

function numbers({ runs }: ComparedRuns): Html {
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))];
  const row = (name: string, note: string, values: readonly (number | null | undefined)[], digits: number) => {
    const known = values.filter((value) => typeof value === 'number');
    const best = name === 'loss' ? Math.min(...known) : Math.max(...known);
    const cells = values.map(
      (value) =>
        html`<td>${value === best && digits === 3 ? html`<strong>${value.toFixed(3)}</strong>` : (value?.toFixed(digits) ?? 'n/a')}</td>`,
    );
    return html`<tr><th scope="row">${name} <small>${note}</small></th>${cells}</tr>`;
  };
  return html`<table><thead><tr><td></td>${runs.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${metrics.map((name) =>
  row(
    name,
    describeMetric(name),
    runs.map((run) => run.metrics[name]),
    3,
  ),
)}
${row(
  'best epoch',
  '',
  runs.map(({ epoch }) => epoch),
  0,
)}
${row(
  'minutes',
  'of training',
  runs.map(({ seconds }) => seconds && seconds / 60),
  1,
)}
${row(
  'pictures a second',
  'in training, median',
  runs.map(({ picturesPerSecond }) => picturesPerSecond),
  1,
)}
</tbody></table>`;
}

function differencesTable(names: readonly string[], differences: ComparedRuns['differences']): Html {
  if (differences.length === 0) return html`<p>Nothing.</p>`;
  return html`<table><thead><tr><th scope="col">key</th>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${differences.map(({ key, values }) => html`<tr><th scope="row">${brokenAtDots(key)}</th>${values.map((value) => html`<td>${value ?? '-'}</td>`)}</tr>`)}
</tbody></table>`;
}

/** So that a narrow screen breaks keys where they have parts. */
const brokenAtDots = (key: string) => key.split('.').map((part, i) => (i === 0 ? part : html`<wbr>.${part}`));
