/** What a detector learnt from, and which of its boxes its head cannot reach. */
import { html } from 'hono/html';
import type { CocoHealth } from '../data/coco/health.js';
import { axes, type ChartSize, chartCard, type Html, short } from './chart.js';
import type { BoxFit, DataFacts } from './reportData.js';

/** Points that a chart still shows apart; more are taken evenly from all. */
const mostPoints = 1500;

export function dataSection({ train, val, fit }: DataFacts): Html {
  return html`<section id="data-set" aria-labelledby="data-set-title">
<h2 id="data-set-title">Data</h2>
<div class="grid">
${sizesChart(fit)}
<div class="card"><h3>What there is</h3>${countsTable(train, val)}</div>
</div>
${classCounts(train, val)}
</section>`;
}

function sizesChart({ boxes, anchors }: BoxFit): Html | '' {
  if (boxes.length === 0) return '';
  const step = Math.ceil(boxes.length / mostPoints);
  const shown = boxes.filter((_, i) => i % step === 0);
  const beyond = boxes.filter(({ isBeyond }) => isBeyond);
  const points = (list: typeof boxes) => list.map(({ width, height }): [number, number] => [width, height]);
  // Those beyond are few and the point of the chart: all are shown.
  const outside = beyond.filter((_, i) => i % Math.ceil(beyond.length / mostPoints) === 0);
  const scatter = (data: readonly (readonly [number, number])[], colour: string, more: object) => ({
    type: 'scatter',
    silent: true,
    data,
    itemStyle: { color: colour, opacity: 0.45 },
    symbolSize: 4,
    ...more,
  });
  const sides = [...points(shown), ...points(outside), ...(anchors ?? [])].flat();
  const [min, max] = [2 ** Math.floor(Math.log2(Math.min(...sides))), 2 ** Math.ceil(Math.log2(Math.max(...sides)))];
  const option = (size: ChartSize) => ({
    ...axes(
      { name: 'width, pixels of the input', type: 'log', min, max, format: short },
      { name: 'height', type: 'log', min, max, format: short },
      size,
    ),
    series: [
      scatter(points(shown.filter(({ isBeyond }) => !isBeyond)), 'var(--series-1)', {}),
      scatter(points(outside), 'var(--series-2)', {
        itemStyle: { color: 'var(--series-2)', opacity: 0.9 },
        symbolSize: 5,
      }),
      ...(anchors
        ? [
            scatter(anchors, 'var(--ink)', {
              symbol: 'diamond',
              symbolSize: 8,
              itemStyle: { color: 'none', borderColor: 'var(--ink)', borderWidth: 1.25 },
            }),
          ]
        : []),
    ],
  });
  const note = anchors ? besideAnchors(boxes.length, beyond.length) : besidePlaces(boxes.length, beyond.length);
  const title = anchors ? 'Sizes of boxes, and anchors' : 'Sizes of boxes';
  const legend = beyond.length > 0 ? ['boxes', anchors ? 'beyond all anchors' : 'smaller than the cells'] : ['boxes'];
  return chartCard({ title, note, legend, tall: 1.25, label: note, option });
}

const share = (some: number, all: number) => `${some} of ${all} boxes (${((100 * some) / all).toFixed(1)} %)`;

function besideAnchors(boxes: number, beyond: number): string {
  const intro = 'Boxes of train as the network sees them; diamonds are anchors.';
  if (beyond === 0) return `${intro} Each box overlaps some anchor by 0.4 or more, where one lies in its middle.`;
  return `${intro} ${share(beyond, boxes)} overlap every anchor by less than 0.4, even one in their middle: too small, too large or too long. Other anchors (model.head.anchors) or another size of input reach them.`;
}

function besidePlaces(boxes: number, beyond: number): string {
  const intro =
    'Boxes of train as the network sees them. This head has no anchors: a box is learnt where the middle of a cell lies inside of it.';
  if (beyond === 0) return `${intro} In each there are one or more, at most positions.`;
  return `${intro} ${share(beyond, boxes)} are so small or thin that there is less than one on average: where they lie between two, nothing learns them. A larger size of input (data.shortSide) or a finer level reaches them.`;
}

function countsTable(train: CocoHealth, val: CocoHealth | undefined): Html {
  const rows: [string, (health: CocoHealth) => string | number][] = [
    ['pictures', ({ images }) => images.total],
    ['without a box', ({ images }) => images.empty + images.onlyUnusable],
    ['boxes', ({ boxes }) => boxes.usable],
    ['boxes of no use', ({ boxes }) => boxes.total - boxes.usable],
    ['boxes a picture, median', ({ images }) => images.boxes?.[2] ?? 'n/a'],
    ['boxes a picture, most', ({ images }) => images.boxes?.[4] ?? 'n/a'],
    ['small (to 32 x 32)', ({ boxes }) => boxes.small],
    ['medium', ({ boxes }) => boxes.medium],
    ['large (from 96 x 96)', ({ boxes }) => boxes.large],
    [
      'usual size of picture',
      ({ images }) => (images.sizes[0] ? `${images.sizes[0].width} x ${images.sizes[0].height}` : 'n/a'),
    ],
    ['sizes of pictures', ({ images }) => images.sizes.length],
  ];
  return html`<table><thead><tr><td></td><th scope="col">train</th>${val ? html`<th scope="col">val</th>` : ''}</tr></thead><tbody>
${rows.map(([name, of]) => html`<tr><th scope="row">${name}</th><td>${of(train)}</td>${val ? html`<td>${of(val)}</td>` : ''}</tr>`)}
</tbody></table>`;
}

function classCounts(train: CocoHealth, val: CocoHealth | undefined): Html {
  const inVal = new Map(val?.categories.map((category) => [category.id, category]));
  const rows = train.categories.toSorted((a, b) => b.boxes - a.boxes);
  const most = Math.max(1, ...rows.map(({ boxes }) => boxes));
  return html`<details class="card" ${rows.length <= 12 ? 'open' : ''}><summary>Boxes by class</summary><div class="scroll"><table class="counts">
<thead><tr><th scope="col">class</th><th scope="col">boxes in train</th><td></td><th scope="col">pictures</th>${val ? html`<th scope="col">boxes in val</th>` : ''}</tr></thead><tbody>
${rows.map(({ id, name, boxes, images }) => html`<tr><th scope="row">${name}</th><td>${boxes}</td><td class="meter"><i style="width:${((100 * boxes) / most).toFixed(1)}%"></i></td><td>${images}</td>${val ? html`<td>${inVal.get(id)?.boxes ?? 0}</td>` : ''}</tr>`)}
</tbody></table></div></details>`;
}
