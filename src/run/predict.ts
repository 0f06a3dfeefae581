/** Finds objects in pictures. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BrokenPicture } from '../data/image/brokenPicture.js';
import type { RgbImage } from '../data/image/image.js';
import type { Repair } from '../data/repairs.js';
import type { Detection } from '../detection/named.js';
import type { Tiling } from '../detection/tiles.js';
import { drawBoxes } from '../draw/drawBoxes.js';
import { ImageError } from '../errors.js';
import { safeFileName } from '../formats/controlCharacters.js';
import { makeFolder } from '../formats/makeFolder.js';
import { Detector } from '../models/detector.js';
import type { EngineOptions } from '../tensorflow/config.js';
import type { Observer } from './observer.js';
import { pictureInputs } from './pictureInputs.js';
import { fixedFiles, openPredictionFile, type PredictionFile, type PredictionForm } from './predictionFiles.js';
import { refuseOverwriting } from './refuseOverwriting.js';
import { hasVideoEnding, videoFrames } from './videoFrames.js';

export interface PredictOptions {
  /** Of `train`. */
  readonly checkpoint: string;
  /** Pictures, folders with pictures at any depth, patterns (`*.jpg`) that no shell has filled in, and videos, where ffmpeg is installed. */
  readonly inputs: readonly string[];
  /** A folder for what is written. Nothing is written where it is left out. */
  readonly out?: string | undefined;
  /** Writes the pictures with their boxes. @default true */
  readonly draw?: boolean | undefined;
  /** What else is written. @default detections.json alone */
  readonly forms?: readonly PredictionForm[] | undefined;
  /** Least score of a detection, 0 … 1. @default 0.3 */
  readonly score?: number | undefined;
  /** Looks at pictures in pieces too, for objects that are small in large ones. @default not */
  readonly tiles?: Tiling | undefined;
  /** Frames of a second of film. @default all */
  readonly fps?: number | undefined;
  /** Ends the work after the picture under way; what was found is written. */
  readonly signal?: AbortSignal | undefined;
  readonly observer?: Observer | undefined;
}

/** What was found in one picture. */
export interface Prediction {
  readonly file: string;
  /** Of a video: which frame of those that were looked at, from 1. */
  readonly frame?: number;
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
  /** From the first picture to the last; and of that, how long the network was at work. */
  readonly seconds: { readonly all: number; readonly network: number };
}

/** For a few pictures, what makes each faster takes longer than it saves: two seconds before the first. */
const quickToStart: EngineOptions = { fuse: false, optimize: false };
const manyPictures = 20;

/** Pictures that are drawn and written while the network is at the next ones. */
const drawnAhead = 2;

/**
 * @throws DatasetError when an input does not exist, a folder has no picture, or a video needs an ffmpeg that is not there
 * @throws CheckpointError when the checkpoint is damaged or of another kind
 * @throws UsageError when a file to be written would take the place of an input
 */
export async function predict(options: PredictOptions): Promise<Predictions> {
  const { checkpoint, inputs, out, score = 0.3, tiles, forms = ['json'], signal, observer = {} } = options;
  const onRepair = (repair: Repair) => observer.onRepair?.('inputs', repair);
  const files = await pictureInputs(inputs, { out, onRepair });
  if (out !== undefined) refuseOverwriting(fixedFiles(forms, out), [checkpoint, ...files]);
  const isQuick = files.length < manyPictures && !files.some(hasVideoEnding);
  const detector = Detector.load(checkpoint, isQuick ? quickToStart : {});
  const pictures: Prediction[] = [];
  const skipped: BrokenPicture[] = [];
  const onBroken = ({ file, reason }: ImageError) => {
    skipped.push({ file, reason });
    observer.onSkipped?.({ file, reason });
  };
  const placeOf = new Map(files.map((file, i) => [file, i + 1]));
  const seconds = { all: 0, network: 0 };
  const rest = new AbortController();
  try {
    const written =
      out === undefined ? undefined : await OutputFolder.open(out, [checkpoint, ...files], detector, options);
    const started = performance.now();
    try {
      const stream = { scoreThreshold: score, tiles, manyAtOnce: !isQuick, onBroken, signal: rest.signal };
      for await (const found of detector.detectEach(sourcesOf(files, options.fps, onBroken), stream)) {
        const { input, image, detections } = found;
        const place = typeof input === 'string' ? { file: input } : { file: input.file, frame: input.frame };
        const { width, height } = image;
        const prediction = { ...place, width, height, detections };
        pictures.push(prediction);
        seconds.network += found.seconds;
        await written?.add(prediction, image);
        observer.onProgress?.(placeOf.get(place.file)!, files.length, nameOf(prediction));
        if (signal?.aborted) {
          rest.abort(); // those that have been begun are not waited for
          break;
        }
      }
    } finally {
      await written?.finish();
    }
    seconds.all = (performance.now() - started) / 1000;
    return { pictures, skipped, seconds };
  } finally {
    await detector.dispose();
  }
}

interface Frame extends RgbImage {
  readonly file: string;
  readonly frame: number;
}

/** Paths of pictures, and the frames of videos. */
async function* sourcesOf(
  files: readonly string[],
  fps: number | undefined,
  onBroken: (error: ImageError) => void,
): AsyncGenerator<string | Frame> {
  for (const file of files) {
    if (!hasVideoEnding(file)) {
      yield file;
      continue;
    }
    let frame = 0;
    try {
      for await (const image of videoFrames(file, { fps })) yield { ...image, file, frame: ++frame };
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      onBroken(error);
    }
  }
}

const nameOf = ({ file, frame }: Prediction): string => (frame === undefined ? file : `${file}, frame ${frame}`);

/** Writes what was found beside the work of the network. */
class OutputFolder {
  readonly #underWay: Promise<void>[] = [];

  private constructor(
    readonly folder: string,
    readonly names: PictureNames,
    readonly detector: Detector,
    readonly files: readonly PredictionFile[],
    readonly draws: boolean,
  ) {}

  static async open(
    folder: string,
    inputs: readonly string[],
    detector: Detector,
    { forms = ['json'], draw: draws = true }: PredictOptions,
  ): Promise<OutputFolder> {
    makeFolder(folder);
    const names = new PictureNames(await takenBy(inputs, folder));
    const { categories } = detector;
    const files = await Promise.all([...new Set(forms)].map((form) => openPredictionFile(form, folder, categories)));
    return new OutputFolder(folder, names, detector, files, draws);
  }

  /** Takes a picture; waits where too many are still to be written. */
  async add(prediction: Prediction, image: RgbImage): Promise<void> {
    const { file, frame, detections } = prediction;
    const name = this.names.of(frame === undefined ? file : `${file}_${String(frame).padStart(6, '0')}`);
    for (const list of this.files) await list.add(prediction, name);
    if (!this.draws) return;
    const drawn = draw(image, detections, this.detector, join(this.folder, name));
    drawn.catch(() => {}); // it is awaited, and thrown, in its turn; until then Node must not call it unhandled
    this.#underWay.push(drawn);
    if (this.#underWay.length > drawnAhead) await this.#underWay.shift();
  }

  async finish(): Promise<void> {
    for (const file of this.files) await file.finish();
    await Promise.all(this.#underWay);
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
