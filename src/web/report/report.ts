/** The part of a report that moves: boxes over pictures, by score and class. Bundled into every report. */
import type { BoxXywh, PageData, PagePicture, ShownDetection } from '../../report/pageData.js';

/** What is to be drawn, as the controls say. */
interface Wanted {
  readonly score: number;
  /** -1: all. */
  readonly label: number;
  readonly byClass: boolean;
  readonly truth: boolean;
  readonly found: boolean;
}

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

function start(data: PageData): void {
  const cards = [...document.querySelectorAll<HTMLButtonElement>('button.picture')];
  for (const card of cards) card.append(pictureOf(Number(card.dataset.picture)));
  const show = () => {
    const wanted = readControls();
    element('scoreText').textContent = wanted.score.toFixed(2);
    element('verdictLegend').hidden = wanted.byClass;
    for (const card of cards) {
      const picture = data.pictures[Number(card.dataset.picture)]!;
      overlay(card, data, picture, wanted, false);
      const counts = card.parentElement!.querySelector('.counts')!;
      counts.textContent = countsOf(picture, wanted);
      card.setAttribute('aria-label', `${picture.name}: ${counts.textContent}. Open in full`);
    }
    large.refresh();
  };
  const large = largeView(data, cards);
  for (const id of ['score', 'class', 'colours', 'truth', 'found']) element(id).addEventListener('input', show);
  document.querySelector('form.controls')!.addEventListener('submit', (event) => event.preventDefault());
  show();
}

function readControls(): Wanted {
  return {
    score: Number(element<HTMLInputElement>('score').value),
    label: Number(element<HTMLSelectElement>('class').value),
    byClass: element<HTMLSelectElement>('colours').value === 'class',
    truth: element<HTMLInputElement>('truth').checked,
    found: element<HTMLInputElement>('found').checked,
  };
}

/** A copy of a picture; its bytes are in the page once. */
const pictureOf = (index: number): Node =>
  (element(`jpeg-${index}`) as unknown as HTMLTemplateElement).content.cloneNode(true);

const isOf = (label: number) => (box: { readonly label: number }) => label < 0 || box.label === label;

const kept = ({ found }: PagePicture, { score, label }: Wanted): ShownDetection[] =>
  found.filter((detection) => detection.score >= score).filter(isOf(label));

/** Objects that a kept detection has found. */
const foundObjects = (picture: PagePicture, wanted: Wanted): Set<number> =>
  new Set(
    kept(picture, wanted)
      .filter(({ kind }) => kind === 'right')
      .map(({ object }) => object),
  );

function countsOf(picture: PagePicture, wanted: Wanted): string {
  const detections = kept(picture, wanted).filter(({ kind }) => kind !== 'ignored');
  const right = detections.filter(({ kind }) => kind === 'right').length;
  const objects = picture.truth.filter(({ crowd }) => !crowd).filter(isOf(wanted.label)).length;
  return `${right} right, ${detections.length - right} wrong, ${objects - right} missed`;
}

const svgSpace = 'http://www.w3.org/2000/svg';

/** Draws the boxes over a picture anew. @param named whether classes and scores are written at them */
function overlay(holder: Element, data: PageData, picture: PagePicture, wanted: Wanted, named: boolean): void {
  holder.querySelector('svg')?.remove();
  const svg = document.createElementNS(svgSpace, 'svg');
  svg.setAttribute('viewBox', `0 0 ${picture.width} ${picture.height}`);
  svg.setAttribute('aria-hidden', 'true');
  const found = foundObjects(picture, wanted);
  const colourOf = (label: number) => (wanted.byClass ? data.categories[label]!.colour : '');
  const names: SVGElement[] = [];
  for (const [i, { label, box, crowd }] of picture.truth.entries()) {
    if (!wanted.truth || !isOf(wanted.label)({ label })) continue;
    svg.append(frame(box, `truth ${crowd || found.has(i) ? 'object' : 'missed'}`, colourOf(label)));
  }
  for (const { label, box, kind, score } of kept(picture, wanted).reverse()) {
    if (!wanted.found) continue;
    const verdict = kind === 'right' || kind === 'ignored' ? kind : 'wrong';
    svg.append(frame(box, verdict, colourOf(label)));
    if (named) names.push(tag(box, `${data.categories[label]!.name} ${score.toFixed(2)}`, verdict, picture));
  }
  svg.append(...names);
  holder.append(svg);
}

function frame([x, y, width, height]: BoxXywh, kind: string, colour: string): SVGElement {
  const rect = document.createElementNS(svgSpace, 'rect');
  const sides = { x, y, width: Math.max(0, width), height: Math.max(0, height) };
  for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, String(value));
  rect.setAttribute('class', kind);
  if (colour) rect.style.stroke = colour;
  return rect;
}

function tag([x, y]: BoxXywh, words: string, kind: string, { width, height }: PagePicture): SVGElement {
  const size = Math.max(width, height) / 55;
  const letters = document.createElementNS(svgSpace, 'text');
  letters.setAttribute('x', String(Math.min(x, width - size * words.length * 0.55)));
  letters.setAttribute('y', String(Math.max(size, y - size * 0.3)));
  letters.setAttribute('font-size', String(size));
  letters.setAttribute('class', kind);
  letters.textContent = words;
  return letters;
}

/** The dialog with one picture in full: arrow keys and buttons go through all that the page shows. */
function largeView(data: PageData, cards: readonly HTMLButtonElement[]) {
  const dialog = element<HTMLDialogElement>('large');
  let at = 0;
  const refresh = () => {
    if (!dialog.open) return;
    const index = Number(cards[at]!.dataset.picture);
    const picture = data.pictures[index]!;
    const wanted = readControls();
    element('largeName').textContent = picture.name;
    element('largeCounts').textContent = `${countsOf(picture, wanted)}, from score ${wanted.score.toFixed(2)} on`;
    const holder = element('largePicture');
    holder.style.aspectRatio = `${picture.width}/${picture.height}`;
    holder.replaceChildren(pictureOf(index));
    overlay(holder, data, picture, wanted, true);
    element('largeList').replaceChildren(...kept(picture, wanted).map((detection) => row(data, detection)));
  };
  const go = (to: number) => {
    at = (to + cards.length) % cards.length;
    refresh();
  };
  for (const [i, card] of cards.entries()) {
    card.addEventListener('click', () => {
      dialog.showModal();
      go(i);
    });
  }
  element('before').addEventListener('click', () => go(at - 1));
  element('after').addEventListener('click', () => go(at + 1));
  element('close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') go(at - 1);
    if (key === 'ArrowRight') go(at + 1);
  });
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close(); // beside it
  });
  dialog.addEventListener('close', () => cards[at]!.focus());
  return { refresh };
}

function row(data: PageData, { label, score, kind }: ShownDetection): HTMLTableRowElement {
  const line = document.createElement('tr');
  const words = [data.categories[label]!.name, score.toFixed(2), data.meanings[kind] ?? kind];
  for (const word of words) line.insertCell().textContent = word;
  line.className = kind === 'right' || kind === 'ignored' ? kind : 'wrong';
  return line;
}

const text = document.getElementById('data')?.textContent;
if (text) start(JSON.parse(text) as PageData);
