/** `cmtdet predict`: pictures with boxes, and what was found as json. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { drawBoxes } from '../draw/drawBoxes.js';
import { DatasetError, ImageError, type Problem } from '../errors.js';
import { type Detection, Detector } from '../models/detector.js';
import type { EngineOptions } from '../tensorflow/config.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import { note, print, printJson, table } from './console.js';
import { LiveLine } from './liveLine.js';

export interface PredictOptions {
  readonly out: string;
  readonly score: number;
  readonly json?: boolean;
}

/** What was found in one picture. */
export interface Prediction {
  readonly file: string;
  /** Of the upright picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly detections: readonly Detection[];
}

const pictureEndings = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp', '.tif', '.tiff', '.avif']);

/** For a few pictures, what makes each faster takes longer than it saves: two seconds before the first. */
const quickToStart: EngineOptions = { fuse: false, optimize: false };
const manyPictures = 20;

/** @throws DatasetError at the end, listing the pictures that could not be read; the others are done by then */
export async function predict(
  checkpoint: string,
  inputs: readonly string[],
  options: PredictOptions,
): Promise<Prediction[]> {
  const files = await expand(inputs);
  const detector = Detector.load(checkpoint, files.length < manyPictures ? quickToStart : {});
  const line = new LiveLine();
  const predictions: Prediction[] = [];
  const problems: Problem[] = [];
  try {
    await mkdir(options.out, { recursive: true });
    const names = new PictureNames();
    for (const [i, file] of files.entries()) {
      line.update(`${i + 1} of ${files.length}: ${file}`);
      try {
        const image = await openDecoder()(file);
        const detections = await detector.detect(image, { scoreThreshold: options.score });
        predictions.push({ file, width: image.width, height: image.height, detections });
        const labels = detector.categories.map(({ name }) => name);
        const boxes = detections.map(({ label, score, box }) => ({
          box,
          label: labels.indexOf(label),
          text: `${label} ${score.toFixed(2)}`,
        }));
        await drawBoxes(image, boxes.reverse(), join(options.out, names.of(file)));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        problems.push({ at: error.file, message: error.reason });
      }
    }
    await writeFile(join(options.out, 'detections.json'), `${JSON.stringify(predictions, null, 2)}\n`);
  } finally {
    line.clear();
    await detector.dispose();
  }
  report(predictions, options);
  if (problems.length > 0) throw new DatasetError('pictures', problems, `The other ${predictions.length} are done.`);
  return predictions;
}

/** Files as they are, folders as the pictures in them. @throws DatasetError listing what is not there */
async function expand(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  const problems: Problem[] = [];
  for (const input of inputs) {
    const found = await stat(input).catch(() => undefined);
    if (found === undefined) problems.push({ at: input, message: 'no such file or folder' });
    else if (found.isDirectory()) {
      const names = (await readdir(input)).filter((name) => pictureEndings.has(extname(name).toLowerCase())).sort();
      if (names.length === 0) problems.push({ at: input, message: 'has no pictures in it' });
      files.push(...names.map((name) => join(input, name)));
    } else files.push(input);
  }
  if (problems.length > 0) throw new DatasetError('inputs', problems);
  return files;
}

/** File names in the output folder: the picture's own, with its folder's in front where two pictures share one. */
class PictureNames {
  readonly #taken = new Set<string>();

  of(file: string): string {
    const ending = /\.(jpe?g|png|webp)$/i.test(file) ? '' : '.jpg';
    const plain = basename(file) + ending;
    let name = this.#taken.has(plain) ? `${basename(dirname(file))}_${plain}` : plain;
    for (let n = 2; this.#taken.has(name); n++) name = `${n}_${plain}`;
    this.#taken.add(name);
    return name;
  }
}

function report(predictions: readonly Prediction[], { out, score, json }: PredictOptions): void {
  if (json) {
    printJson(predictions);
    return;
  }
  const counts = new Map<string, number>();
  for (const { label } of predictions.flatMap(({ detections }) => detections))
    counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size > 0)
    print(
      table(
        ['class', 'found'],
        [...counts].sort(([, a], [, b]) => b - a),
      ),
    );
  else print(`nothing of score ${score} or more; --score takes a lower one`);
  note(`${predictions.length} pictures and detections.json in ${out}`);
}
