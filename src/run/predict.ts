/** Finds objects in pictures. */
import { realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BrokenPicture } from '../data/image/brokenPicture.js';
import type { RgbImage } from '../data/image/image.js';
import type { Repair } from '../data/repairs.js';
import { drawBoxes } from '../draw/drawBoxes.js';
import { ImageError } from '../errors.js';
import { safeFileName } from '../formats/controlCharacters.js';
import { makeFolder } from '../formats/makeFolder.js';
import { type Detection, Detector } from '../models/detector.js';
import type { EngineOptions } from '../tensorflow/config.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import type { Observer } from './observer.js';
import { pictureInputs } from './pictureInputs.js';
import { refuseOverwriting } from './refuseOverwriting.js';

export interface PredictOptions {
  /** Of `train`. */
  readonly checkpoint: string;
  /** Pictures, and folders with pictures at any depth. */
  readonly inputs: readonly string[];
  /** A folder for the pictures with their boxes and for `detections.json`. Nothing is written where it is left out. */
  readonly out?: string | undefined;
  /** Least score of a detection, 0 … 1. @default 0.3 */
  readonly score?: number | undefined;
  readonly observer?: Observer | undefined;
}

/** What was found in one picture. */
export interface Prediction {
  readonly file: string;
  /** Of the upright picture, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Best first. */
  readonly detections: readonly Detection[];
}

export interface Predictions {
  /** In the order of the inputs. */
  readonly pictures: readonly Prediction[];
  /** Pictures that could not be read. */
  readonly skipped: readonly BrokenPicture[];
}

const listName = 'detections.json';

/** For a few pictures, what makes each faster takes longer than it saves: two seconds before the first. */
const quickToStart: EngineOptions = { fuse: false, optimize: false };
const manyPictures = 20;

/**
 * @throws DatasetError when an input does not exist, or a folder has no picture
 * @throws CheckpointError when the checkpoint is damaged or of another kind
 * @throws UsageError when `detections.json` would take the place of an input
 */
export async function predict(options: PredictOptions): Promise<Predictions> {
  const { checkpoint, inputs, out, score = 0.3, observer = {} } = options;
  const onRepair = (repair: Repair) => observer.onRepair?.('inputs', repair);
  const files = await pictureInputs(inputs, { out, onRepair });
  if (out !== undefined) refuseOverwriting([join(out, listName)], [checkpoint, ...files]);
  const detector = Detector.load(checkpoint, files.length < manyPictures ? quickToStart : {});
  const pictures: Prediction[] = [];
  const skipped: BrokenPicture[] = [];
  try {
    if (out !== undefined) makeFolder(out);
    const names = new PictureNames(out === undefined ? [] : await takenBy([checkpoint, ...files], out));
    const decode = openDecoder(detector.description.input.colourProfiles);
    for (const [i, file] of files.entries()) {
      observer.onProgress?.(i, files.length, file);
      try {
        const image = await decode(file);
        const detections = await detector.detect(image, { scoreThreshold: score });
        pictures.push({ file, width: image.width, height: image.height, detections });
        if (out !== undefined) await draw(image, detections, detector, join(out, names.of(file)));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        const picture = { file: error.file, reason: error.reason };
        skipped.push(picture);
        observer.onSkipped?.(picture);
      }
    }
    if (out !== undefined) await writeFile(join(out, listName), `${JSON.stringify(pictures, null, 2)}\n`);
    return { pictures, skipped };
  } finally {
    await detector.dispose();
  }
}

async function draw(
  image: RgbImage,
  detections: readonly Detection[],
  { categories }: Detector,
  file: string,
): Promise<void> {
  const labels = categories.map(({ name }) => name);
  const boxes = detections.map(({ label, score, box }) => ({
    box,
    label: labels.indexOf(label),
    text: `${label} ${score.toFixed(2)}`,
  }));
  await drawBoxes(image, boxes.reverse(), file);
}

/** Names in the output folder that are inputs: what is drawn never takes their place. */
async function takenBy(files: readonly string[], out: string): Promise<string[]> {
  const folder = await realpath(out);
  const places = await Promise.all(files.map((file) => realpath(file).catch(() => resolve(file))));
  return places.filter((place) => dirname(place) === folder).map((place) => basename(place));
}

/** File names in the output folder: the picture's own, with its folder's in front where two pictures share one. */
class PictureNames {
  readonly #taken: Set<string>;

  /** @param taken names that are not given */
  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken);
  }

  of(file: string): string {
    const ending = /\.(jpe?g|png|webp)$/i.test(file) ? '' : '.jpg';
    const plain = safeFileName(basename(file) + ending);
    let name = this.#taken.has(plain) ? `${safeFileName(basename(dirname(file)))}_${plain}` : plain;
    for (let n = 2; this.#taken.has(name); n++) name = `${n}_${plain}`;
    this.#taken.add(name);
    return name;
  }
}
