/** Pictures that are worth a look. What is drawn on them is decided in the page, by src/web/report. */
import { html, raw } from 'hono/html';
import type { Html } from './chart.js';
import { meaningOf } from './errorsSection.js';
import type { PageData, PagePicture, ShownDetection } from './pageData.js';
import type { MeasuredDetector } from './reportData.js';

export function picturesSection({ pictures: shown, leastScore }: MeasuredDetector): Html | '' {
  const { categories, groups, pictures } = shown;
  if (pictures.length === 0) return '';
  const data: PageData = {
    categories,
    meanings: meaningOf,
    pictures: pictures.map(({ jpeg: _, ...picture }) => ({ ...picture, found: picture.found.map(rounded) })),
  };
  return html`<section id="pictures" aria-labelledby="pictures-title">
<h2 id="pictures-title">Pictures</h2>
<form class="controls card" aria-label="What is drawn">
<label class="slider">Least score <input id="score" type="range" min="0.05" max="0.99" step="0.01" value="${leastScore.score.toFixed(2)}"><output id="scoreText" for="score">${leastScore.score.toFixed(2)}</output></label>
<label>Class <select id="class"><option value="-1">all</option>${categories.map(({ name }, label) => html`<option value="${label}">${name}</option>`)}</select></label>
<label>Colours <select id="colours"><option value="verdict">right and wrong</option><option value="class">class</option></select></label>
<label class="check"><input id="truth" type="checkbox" checked> truth</label>
<label class="check"><input id="found" type="checkbox" checked> detections</label>
</form>
<ul class="legend" id="verdictLegend"><li><i class="right"></i>right</li><li><i class="wrong"></i>wrong</li><li><i class="missed dashed"></i>missed object</li><li><i class="object dashed"></i>found object</li></ul>
<noscript><p>The boxes are drawn by a script, which this browser does not run.</p></noscript>
${groups.map(({ title, why, pictures: members }) => html`<h3 class="group">${title}</h3><p class="why">${why}</p><div class="gallery">${members.map((index) => card(index, pictures[index]!))}</div>`)}
${pictures.map(({ name, jpeg }, index) => html`<template id="jpeg-${index}"><img alt="${name}" src="data:image/jpeg;base64,${raw(jpeg.toString('base64'))}"></template>`)}
<dialog id="large" aria-label="A picture in full"><div class="bar"><h3 id="largeName"></h3><button type="button" id="before" aria-label="The one before">&#8592;</button><button type="button" id="after" aria-label="The next one">&#8594;</button><button type="button" id="close" aria-label="Close">&#10005;</button></div>
<div class="split"><div class="picture" id="largePicture"></div><div class="list"><p id="largeCounts"></p><table><thead><tr><th scope="col">detection</th><th scope="col">score</th><th scope="col"></th></tr></thead><tbody id="largeList"></tbody></table></div></div></dialog>
<script type="application/json" id="data">${raw(scriptSafe(data))}</script>
</section>`;
}

const card = (index: number, { name, width, height }: PagePicture): Html =>
  html`<article class="shown"><button type="button" class="picture" data-picture="${index}" style="aspect-ratio:${width}/${height}"></button><p class="file">${name}</p><p class="counts"></p></article>`;

function rounded({ score, box, ...rest }: ShownDetection): ShownDetection {
  const [x, y, width, height] = box.map((side) => Number(side.toFixed(1)));
  return { ...rest, score: Number(score.toFixed(4)), box: [x!, y!, width!, height!] };
}

/** JSON that no name in it can end the script element of. */
const scriptSafe = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/</g, '\\u003c')
    .replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
