/** The page: a picture or the camera in, boxes with names and scores out. */
import { classColour, inkOn, toHex } from '../draw/colours.js';
import { type Detection, type Detector, loadDetector, type Picture } from './detector.js';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const status = element('status');
const canvas = element<HTMLCanvasElement>('canvas');
const video = element<HTMLVideoElement>('video');
const file = element<HTMLInputElement>('file');
const camera = element<HTMLButtonElement>('camera');
const time = element<HTMLButtonElement>('time');
const score = element<HTMLInputElement>('score');
const drop = element('drop');

/** Runs that are timed. */
const timedRuns = 5;

let shown: ImageBitmap | undefined;
let found: readonly Detection[] = [];
let watching: MediaStream | undefined;

/** Detects in `picture`, and draws it as `bitmap`, which is the page's from then on. */
type Show = (picture: Picture, bitmap: ImageBitmap) => Promise<void>;

/** Says what went wrong where people look. */
function guarded(work: () => Promise<void>): void {
  work().catch((error: Error) => {
    status.textContent = `That did not work: ${error.message}`;
  });
}

function start(detector: Detector): void {
  const ready = `Ready: ${detector.labels.join(', ')} (${detector.backend === 'webgpu' ? 'WebGPU' : 'WebAssembly'}).`;
  status.textContent = ready;
  const show: Show = async (picture, bitmap) => {
    const began = performance.now();
    const detections = await detector.detect(picture, { scoreThreshold: Number(score.min) }).catch((error) => {
      bitmap.close();
      throw error;
    });
    if (shown === undefined) time.disabled = false;
    shown?.close();
    [shown, found] = [bitmap, detections];
    status.textContent = `${(performance.now() - began).toFixed(0)} ms for ${bitmap.width} × ${bitmap.height} pixels.`;
    draw(detector);
  };
  const open = async (picture: Blob) => {
    stopCamera();
    status.textContent = 'Looking ...';
    await show(picture, await createImageBitmap(picture, { imageOrientation: 'from-image' }));
  };
  file.addEventListener('change', () => {
    const [picture] = file.files ?? [];
    if (picture) guarded(() => open(picture));
  });
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const [picture] = event.dataTransfer?.files ?? [];
    if (picture) guarded(() => open(picture));
  });
  score.addEventListener('input', () => draw(detector));
  time.addEventListener('click', () => guarded(() => timeIt(detector)));
  camera.addEventListener('click', () => {
    if (watching) stopCamera();
    else guarded(() => watch(show));
  });
}

/** Runs the shown picture some times. */
async function timeIt(detector: Detector): Promise<void> {
  if (!shown) return;
  stopCamera();
  time.disabled = true;
  status.textContent = 'Timing ...';
  try {
    await detector.detect(shown); // a picture of the camera may still be under way
    const began = performance.now();
    for (let i = 0; i < timedRuns; i++) await detector.detect(shown);
    const each = (performance.now() - began) / timedRuns;
    status.textContent = `${each.toFixed(0)} ms a picture, ${(1000 / each).toFixed(1)} pictures a second (mean of ${timedRuns}).`;
  } finally {
    time.disabled = false;
  }
}

/** Asks for the camera, once: a second stream would never be stopped. */
async function openCamera(): Promise<MediaStream> {
  camera.disabled = true;
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  } finally {
    camera.disabled = false;
  }
}

async function watch(show: Show): Promise<void> {
  const stream = await openCamera();
  watching = stream;
  camera.textContent = 'Stop the camera';
  try {
    video.srcObject = stream;
    await video.play();
    while (watching === stream) {
      const picture = await createImageBitmap(video);
      await show(picture, picture);
      await new Promise(requestAnimationFrame); // without it the page would neither draw nor hear a click
    }
  } finally {
    if (watching === stream) stopCamera();
  }
}

function stopCamera(): void {
  for (const track of watching?.getTracks() ?? []) track.stop();
  watching = undefined;
  video.srcObject = null;
  camera.textContent = 'Use the camera';
}

/** The picture with the boxes that the slider lets through, and the list of them. */
function draw(detector: Detector): void {
  const least = Number(score.value);
  element('scoreText').textContent = least.toFixed(2);
  if (!shown) return;
  element('hint').hidden = true;
  canvas.hidden = false;
  [canvas.width, canvas.height] = [shown.width, shown.height];
  const context = canvas.getContext('2d')!;
  context.drawImage(shown, 0, 0);
  const visible = found.filter((detection) => detection.score >= least);
  const unit = Math.max(shown.width, shown.height) / 400;
  context.lineWidth = Math.max(1, unit);
  context.font = `${Math.max(10, 7 * unit)}px system-ui, sans-serif`;
  context.textBaseline = 'top';
  for (const { label, score, box } of visible.toReversed()) {
    const [x1, y1, x2, y2] = box;
    const colour = classColour(detector.labels.indexOf(label));
    context.strokeStyle = toHex(colour);
    context.fillStyle = toHex(colour);
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    const text = ` ${label} ${score.toFixed(2)} `;
    const { width, fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = context.measureText(text);
    const top = Math.max(0, y1 - up - down);
    context.fillRect(x1, top, width, up + down);
    context.fillStyle = toHex(inkOn(colour));
    context.fillText(text, x1, top);
  }
  element('found').replaceChildren(...visible.map(row));
}

function row({ label, score }: Detection): HTMLTableRowElement {
  const line = document.createElement('tr');
  for (const text of [label, score.toFixed(3)]) line.insertCell().textContent = text;
  return line;
}

guarded(async () => start(await loadDetector('.')));
