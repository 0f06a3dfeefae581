/** A report of a run as one page that needs nothing but itself. */
import { html, raw } from 'hono/html';
import type { Html } from './chart.js';
import { classesSection } from './classesSection.js';
import { dataSection } from './dataSection.js';
import { errorsSection } from './errorsSection.js';
import { picturesSection } from './picturesSection.js';
import type { ReportData } from './reportData.js';
import { trainingSection } from './trainingSection.js';

/** What `npm run build` made of src/web/report. */
export interface PageParts {
  readonly style: string;
  readonly script: string;
}

/** @param confusionPng the confusion matrix as a picture, where it has too many rows for a table */
export async function reportPage(data: ReportData, parts: PageParts, confusionPng?: Buffer): Promise<string> {
  const { measured } = data;
  const sections = [
    ['numbers', 'Numbers', numbersSection(data)],
    ['training', 'Training', trainingSection(data)],
    ['classes', 'Classes', measured ? classesSection(measured) : ''],
    ['errors', 'Errors', measured ? errorsSection(measured, confusionPng) : ''],
    ['pictures', 'Pictures', measured ? picturesSection(measured) : ''],
    ['data-set', 'Data', data.data ? dataSection(data.data) : ''],
    ['run', 'Run', runSection(data)],
  ] as const;
  const shown = sections.filter(([, , section]) => section !== '');
  return document(
    data.name,
    parts,
    html`<header><p class="kind">cmtdet report</p><h1>${data.name}</h1><p class="summary">${data.summary}</p></header>
<nav aria-label="Sections"><ul>${shown.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>${data.missing.map((sentence) => html`<p class="missing">${sentence}</p>`)}
${shown.map(([, , section]) => section)}</main>
<footer>Written by cmtdet ${data.version}. This page asks no other for anything.</footer>`,
  );
}

/** A page with the style and script of reports in it. */
export async function document(title: string, { style, script }: PageParts, body: Html): Promise<string> {
  const page = await html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title}</title><link rel="icon" href="data:,"><style>${raw(style)}</style></head>
<body>${body}<script type="module">${raw(script)}</script></body></html>`;
  return `${page}\n`;
}

const areaOf: Readonly<Record<string, string>> = { s: 'small', m: 'medium', l: 'large' };

/** What a metric is, in words. */
export function describeMetric(name: string): string {
  if (name === 'AP') return 'mean over IoU 0.50 ... 0.95';
  if (/^AP\d+$/.test(name)) return `at IoU 0.${name.slice(2)}`;
  if (/^AR\d+$/.test(name)) return `recall, ${name.slice(2)} a picture`;
  if (/^A[PR][sml]$/.test(name)) return `${name[1] === 'P' ? '' : 'recall, '}${areaOf[name[2]!]} objects`;
  if (/^top\d$/.test(name))
    return name === 'top1' ? 'the first answer is right' : `right among the first ${name.slice(3)}`;
  return name === 'loss' ? 'on val, less is better' : '';
}

function numbersSection({ headline, best, measured, bestMetric }: ReportData): Html | '' {
  const stats: Record<string, number | string | null> = { ...(measured?.evaluation.stats ?? best) };
  const names = Object.keys(stats).filter((name) => !['kind', 'step', 'epoch'].includes(name));
  if (names.length === 0) return '';
  const large = headline.filter((name) => names.includes(name));
  const number = (name: string) => {
    const value = stats[name];
    return html`<div class="number ${large.includes(name) ? 'large' : ''}"><dt>${name}</dt><dd>${typeof value === 'number' ? value.toFixed(3) : 'n/a'}<small>${describeMetric(name)}</small></dd></div>`;
  };
  const at = best
    ? `Of the best checkpoint, by ${bestMetric}: after epoch ${best.epoch}, ${best.step} updates.`
    : 'Of the last checkpoint.';
  return html`<section id="numbers" aria-labelledby="numbers-title"><h2 id="numbers-title">Numbers</h2><p>${at}${measured ? ` Measured on ${measured.count} pictures of val.` : ''}</p>
<dl class="numbers first">${large.map(number)}</dl><dl class="numbers">${names.filter((name) => !large.includes(name)).map(number)}</dl></section>`;
}

function runSection({ facts, config, measured }: ReportData): Html {
  const rate = measured?.picturesPerSecond;
  const speed =
    rate === undefined ? [] : [['detection here', `${rate.toFixed(1)} pictures a second, decoding included`]];
  return html`<section id="run" aria-labelledby="run-title"><h2 id="run-title">Run</h2>
<dl class="facts card">${[...facts, ...speed].map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<details class="card"><summary>The whole config</summary><pre><code>${config}</code></pre></details></section>`;
}
