/** What goes wrong, what is taken for what, and what scores are worth. */
import { html, raw } from 'hono/html';
import type { ConfusionMatrix } from '../eval/confusion.js';
import { type ErrorKind, errorKinds } from '../eval/verdicts.js';
import { axes, type ChartSize, chartCard, type Html, line, short } from './chart.js';
import type { MeasuredDetector } from './reportData.js';

export const meaningOf: Readonly<Record<ErrorKind, string>> = {
  classification: 'on an object of another class',
  localisation: 'class right, overlap too small',
  both: 'overlap too small, with an object of another class',
  duplicate: 'on an object that a better one has found',
  background: 'on nothing',
  missed: 'an object that nothing found',
};

/** Larger matrices are not readable as tables. */
const mostRows = 24;

export function errorsSection(measured: MeasuredDetector, confusionPng: Buffer | undefined): Html {
  return html`<section id="errors" aria-labelledby="errors-title">
<h2 id="errors-title">Errors</h2>
<div class="grid">
${costs(measured)}
${measured.confusion.categories.length < mostRows ? matrix(measured.confusion) : confusionPicture(measured.confusion, confusionPng)}
${calibrationChart(measured)}
${scoreChart(measured)}
</div></section>`;
}

/** Whether the matrix is shown as a picture, which the caller draws. */
export const isPictured = ({ categories }: ConfusionMatrix): boolean => categories.length >= mostRows;

function costs({ errors }: MeasuredDetector): Html {
  const most = Math.max(0.001, ...errorKinds.map((kind) => errors.errors[kind].dAP ?? 0));
  const bars = errorKinds.map((kind) => {
    const { count, dAP } = errors.errors[kind];
    return html`<li><span class="name">${kind}<small>${meaningOf[kind]}</small></span>
<span class="bar"><i style="width:${((100 * Math.max(0, dAP ?? 0)) / most).toFixed(1)}%"></i></span>
<span class="value">${dAP === null ? 'n/a' : dAP.toFixed(3)}<small>${count}</small></span></li>`;
  });
  return html`<figure class="card"><figcaption><h3>What errors cost</h3>
<p>What AP${Math.round(100 * errors.iou)} would gain if all of a kind were put right, and how many there are, at any score (after Bolya et al., 2020).</p></figcaption>
<ol class="bars wide-names">${bars}</ol></figure>`;
}

function matrix({ categories, counts, scoreThreshold, iou }: ConfusionMatrix): Html {
  const names = categories.map(({ name }) => name);
  const K = names.length;
  const rows = counts.map((row, truth) => {
    const sum = row.reduce((a, b) => a + b, 0);
    const cells = row.map((count, found) => {
      if (truth === K && found === K) return html`<td></td>`;
      const share = sum > 0 ? count / sum : 0;
      return html`<td class="${truth === found ? 'hit' : 'miss'}" style="--share:${Math.round(100 * share)}%" title="${`${names[truth] ?? 'background'} found as ${names[found] ?? 'nothing'}: ${count}, ${(100 * share).toFixed(1)} %`}">${count === 0 ? '' : short(count)}</td>`;
    });
    return html`<tr><th scope="row">${names[truth] ?? html`<em>nothing</em>`}</th>${cells}</tr>`;
  });
  return html`<figure class="card"><figcaption><h3>What is found as what</h3>
<p>Rows: what it is. Columns: what it was found as. Overlap from ${iou}, scores from ${scoreThreshold}; shades are shares of the row.</p></figcaption>
<div class="scroll"><table class="confusion"><thead><tr><td></td>${names.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col"><em>missed</em></th></tr></thead>
<tbody>${rows}</tbody></table></div></figure>`;
}

function confusionPicture({ categories, counts }: ConfusionMatrix, png: Buffer | undefined): Html {
  const K = categories.length;
  const mistakes = counts
    .slice(0, K)
    .flatMap((row, truth) =>
      row.slice(0, K).flatMap((count, found) => (found !== truth && count > 0 ? [{ truth, found, count }] : [])),
    );
  const most = mistakes.sort((a, b) => b.count - a.count).slice(0, 12);
  return html`<figure class="card"><figcaption><h3>What is found as what</h3><p>The most frequent of ${mistakes.length} kinds of confusion.</p></figcaption>
<table><thead><tr><th scope="col">is</th><th scope="col">found as</th><th scope="col">times</th></tr></thead><tbody>
${most.map(({ truth, found, count }) => html`<tr><th scope="row">${categories[truth]!.name}</th><td>${categories[found]!.name}</td><td>${count}</td></tr>`)}
</tbody></table>
${png ? html`<details><summary>The whole matrix</summary><img class="matrix" alt="Confusion matrix" src="data:image/png;base64,${raw(png.toString('base64'))}"></details>` : ''}</figure>`;
}

function calibrationChart({ calibration: { bins, error } }: MeasuredDetector): Html {
  const filled = bins.filter(({ count }) => count > 0);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const option = (size: ChartSize) => ({
    ...axes({ name: 'score', min: 0, max: 1 }, { name: 'share that is right', min: 0, max: 1 }, size),
    series: [
      {
        type: 'bar',
        silent: true,
        barWidth: '92%',
        itemStyle: { color: 'var(--faint)' },
        data: bins.map(({ from, to, count }) => [(from + to) / 2, (0.5 * count) / most]),
      },
      line(
        [
          [0, 0],
          [1, 1],
        ],
        0,
        { showSymbol: false, lineStyle: { width: 1.5, type: 'dashed', color: 'var(--soft-ink)' } },
      ),
      line(
        filled.map(({ score, right }): [number, number] => [score!, right!]),
        0,
        { showSymbol: true, symbol: 'circle', symbolSize: 8 },
      ),
    ],
  });
  const note =
    error === null
      ? 'Nothing was found.'
      : `A point on the dashed line keeps its word: of detections of score 0.8, eight in ten are right. Mean distance ${error.toFixed(3)}. Grey: how many detections have such scores.`;
  const label = filled.map(({ score, right }) => `score ${score!.toFixed(2)}: ${right!.toFixed(2)} right`).join('; ');
  return chartCard({ title: 'Are scores to be believed?', note, label, option });
}

function scoreChart({ byScore, leastScore }: MeasuredDetector): Html {
  const names = ['precision', 'recall', 'F1'] as const;
  const values = (name: (typeof names)[number]) =>
    byScore.map((at): [number, number] => [at.score, name === 'F1' ? at.f1 : at[name]]);
  const option = (size: ChartSize) => ({
    ...axes({ name: 'least score', min: 0, max: 1 }, { min: 0, max: 1 }, size),
    series: names.map((name, i) =>
      line(values(name), i, {
        ...(name === 'F1' && {
          markLine: {
            silent: true,
            symbol: 'none',
            label: { show: false },
            lineStyle: { color: 'var(--soft-ink)', type: 'dashed' },
            data: [{ xAxis: leastScore.score }],
          },
        }),
      }),
    ),
  });
  const { score, precision, recall, f1 } = leastScore;
  const note = `F1 is highest, ${f1.toFixed(3)}, where detections count from ${score.toFixed(2)} on: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}.`;
  return chartCard({ title: 'Which least score?', note, legend: names, label: note, option });
}
