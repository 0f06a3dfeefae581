/** How each class does, and where precision goes as recall rises. */
import { html } from 'hono/html';
import { precisionRecallCurves } from '../eval/curves.js';
import { mostCurves } from '../eval/plots.js';
import type { CategoryStats } from '../eval/summarize.js';
import { axes, type ChartSize, chartCard, type Html, line } from './chart.js';
import type { MeasuredDetector } from './reportData.js';

/** Bars of more classes than this are of the worst half and the best half. */
const mostBars = 40;

export function classesSection({ evaluation }: MeasuredDetector): Html {
  const sorted = evaluation.perCategory.toSorted((a, b) => (b.AP ?? -1) - (a.AP ?? -1));
  const measured = sorted.filter(({ AP }) => AP !== null);
  return html`<section id="classes" aria-labelledby="classes-title">
<h2 id="classes-title">Classes</h2>
<div class="grid">
${measured.length > 0 ? classBars(measured) : ''}
${curvesChart(evaluation)}
</div>
${classTable(sorted, evaluation.params.maxDets.at(-1)!)}
</section>`;
}

function classBars(measured: readonly CategoryStats[]): Html {
  const half = mostBars / 2;
  const shown = measured.length <= mostBars ? measured : [...measured.slice(0, half), ...measured.slice(-half)];
  const bars = shown.map(
    ({ name, AP, AP50 }) => html`<li>
<span class="name">${name}</span>
<span class="bar"><i class="under" style="width:${percent(AP50)}"></i><i style="width:${percent(AP)}"></i></span>
<span class="value">${decimal(AP)}<small>${decimal(AP50)}</small></span>
</li>`,
  );
  const note =
    measured.length > mostBars
      ? `The ${half} best and the ${half} worst of ${measured.length} classes; the table has all.`
      : 'Dark: AP over IoU 0.50 ... 0.95. Light: AP50.';
  return html`<figure class="card"><figcaption><h3>AP by class</h3><p>${note}</p></figcaption><ol class="bars">${bars}</ol></figure>`;
}

const percent = (share: number | null): string => `${(100 * Math.max(0, share ?? 0)).toFixed(1)}%`;
const decimal = (value: number | null | undefined): string => (typeof value === 'number' ? value.toFixed(3) : 'n/a');

function curvesChart(evaluation: MeasuredDetector['evaluation']): Html | '' {
  const curves = precisionRecallCurves(evaluation);
  // A legend of eight colours is one that can be told apart.
  const most = Math.min(mostCurves, 7);
  const drawn = curves.filter(({ precision, id }) => precision && (id === null || curves.length <= most + 1));
  if (drawn.length === 0) return '';
  const option = (size: ChartSize) => ({
    ...axes({ name: 'recall', min: 0, max: 1 }, { name: 'precision', min: 0, max: 1 }, size),
    series: drawn.map(({ id, precision }, i) =>
      line(
        precision!.map((value, r): [number, number] => [r / 100, value]),
        i,
        { lineStyle: { width: id === null ? 3 : 1.75, color: `var(--series-${i + 1})` } },
      ),
    ),
  });
  return chartCard({
    title: 'Precision and recall',
    note: `At IoU ${drawn[0]!.iou.toFixed(2)}.${drawn.length === 1 && curves.length > 2 ? ' The mean over all classes.' : ''}`,
    legend: drawn.map(({ name }) => name),
    label: 'Precision by recall, a line for each class and their mean',
    option,
  });
}

function classTable(classes: readonly CategoryStats[], most: number): Html {
  const rows = classes.map(
    (row) => html`<tr><th scope="row">${row.name}</th><td>${decimal(row.AP)}</td><td>${decimal(row.AP50)}</td>
<td>${decimal(row.AP75)}</td><td>${decimal(row[`AR${most}`])}</td><td>${row.groundTruths}</td><td>${row.detections}</td></tr>`,
  );
  const head = ['class', 'AP', 'AP50', 'AP75', `AR${most}`, 'objects', 'detections'];
  return html`<details class="card"><summary>All classes</summary><div class="scroll"><table>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}
