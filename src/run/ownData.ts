/** Somebody's own data, in whatever form it is, as COCO jsons to learn from and to measure on. */
import { statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { CocoFile } from '../data/coco/cocoFile.js';
import { type FormatName, formats } from '../data/coco/convert/formats.js';
import { recogniseForm } from '../data/coco/convert/recognise.js';
import { toCoco } from '../data/coco/convert/toCoco.js';
import type { VocPixels } from '../data/coco/convert/voc.js';
import { findPictures } from '../data/coco/findPictures.js';
import { learningProblems } from '../data/coco/health.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { nameOf, type Side, sideOfFile, sideOfPicture, sidesOfLists } from '../data/coco/sides.js';
import { writeCoco } from '../data/coco/write.js';
import { filesBelow } from '../data/files/filesBelow.js';
import { DatasetError } from '../errors.js';
import { makeFolder } from '../formats/makeFolder.js';
import { dataEvents, type Observer } from './observer.js';
import { refuseOverwriting } from './refuseOverwriting.js';
import { splitData } from './splitData.js';

export interface OwnDataOptions {
  /** COCO json, a file or folder of a format that is converted, or YOLO's `data.yaml`. */
  readonly data: string;
  /** The pictures. @default looked for around the annotations */
  readonly images?: string | undefined;
  /** YOLO: the file of class names. @default looked for beside the labels */
  readonly names?: string | undefined;
  /** VOC, CSV: what the numbers mean. @default VOC: inclusive; CSV: edges */
  readonly pixels?: VocPixels | undefined;
  /** Where files go that have to be written. */
  readonly out: string;
  /** What the caller will write: refused, before anything is written, where it is a file that is read. */
  readonly config: string;
  /** Share of the pictures to measure on, where the data says no other. @default 0.2, and 5000 pictures at most */
  readonly val?: number | undefined;
  /** @default 1 */
  readonly seed?: number | undefined;
  readonly observer?: Observer | undefined;
}

/** A part of a data set. */
export interface OwnSplit {
  /** COCO json. */
  readonly annotations: string;
  /** Folder that its file names start at. */
  readonly images: string;
  readonly file: CocoFile;
}

export interface OwnData {
  readonly form: 'coco' | FormatName;
  /** How the numbers of a converted format were read, in a sentence. */
  readonly convention?: string;
  readonly train: OwnSplit;
  /** null where there are too few pictures. */
  readonly val: OwnSplit | null;
  /** A part that the data keeps for the end. */
  readonly test: OwnSplit | null;
  /** Where val is from: the data itself, or a split made here. */
  readonly valIs: 'given' | 'made';
  /** Of a split that was made: pictures that look like another one, and such that could not be read. */
  readonly alike: number;
  readonly unreadable: readonly string[];
  /** Files that were written. */
  readonly written: readonly string[];
}

/** Of a large data set, pictures to measure on: more take time and change no third digit. */
const mostVal = 5000;

/**
 * @throws DatasetError where the form is unknown, or with all that is wrong with it
 * @throws UsageError where a file to be written is one that is read
 */
export async function openOwnData(options: OwnDataOptions): Promise<OwnData> {
  const recognised = await recogniseForm(options.data, options.names);
  const work = new Work(options);
  if (recognised.form === 'coco') return work.coco(recognised.files);
  const { form, input } = recognised;
  const isFolder = statSync(options.data).isDirectory();
  // A file inside of the folder: its pictures are looked for in all of it.
  const images = options.images ?? (isFolder && input !== options.data ? options.data : undefined);
  const format = formats[form].open(input, { ...recognised.options, pixels: options.pixels });
  const { file, imageFolder, read } = await toCoco(input, format, { images });
  refuseOverwriting([options.config], [recognised.options.names, ...read]);
  const { onRepair } = dataEvents(options.observer ?? {});
  for (const repair of file.repairs) onRepair(options.data, repair);
  const sides = sidesOf(file, isFolder ? options.data : undefined);
  return { form, convention: format.convention, ...(await work.whole(file, imageFolder, read, sides)) };
}

type Parts = Omit<OwnData, 'form' | 'convention'>;

class Work {
  readonly #written: string[] = [];

  constructor(readonly options: OwnDataOptions) {}

  /** COCO jsons: those with a side stay as they are, one without is divided. */
  async coco(paths: readonly string[]): Promise<OwnData> {
    refuseOverwriting([this.options.config], paths);
    const found = new Map<Side | undefined, string[]>();
    for (const path of paths) {
      const side = paths.length === 1 ? undefined : sideOfFile(this.#nameOf(path));
      found.set(side, [...(found.get(side) ?? []), path]);
    }
    const trains = found.get('train') ?? found.get(undefined) ?? [];
    const ambiguous = [...found.values()].some((own) => own.length > 1);
    if (ambiguous || trains.length === 0) throw this.#ambiguous(paths);
    const train = this.#open(trains[0]!);
    this.#checkLearnable(train.file);
    const [val, test] = (['val', 'test'] as const).map((side) => found.get(side)?.[0]);
    const rest = { test: test === undefined ? null : this.#open(test) };
    if (val !== undefined) return { form: 'coco', ...(await this.#given({ train, val: this.#open(val), ...rest })) };
    return { form: 'coco', ...(await this.#divided(train, [trains[0]!], rest.test)) };
  }

  /** A file of all pictures, with the side of each where the data says it. */
  async whole(
    file: CocoFile,
    images: string,
    read: readonly string[],
    sides: ReadonlyMap<string, Side>,
  ): Promise<Parts> {
    this.#checkLearnable(file);
    const part = (side: Side) => partOf(file, (name) => (sides.get(name) ?? 'train') === side);
    const test = part('test');
    const testSplit = test.images.length > 0 ? await this.#write('test', test, images, read) : null;
    const given = part('val');
    if (given.images.length === 0)
      return this.#divided({ annotations: '', images, file: part('train') }, read, testSplit);
    const train = await this.#write('train', part('train'), images, read);
    return this.#given({ train, val: await this.#write('val', given, images, read), test: testSplit });
  }

  async #divided(whole: OwnSplit, read: readonly string[], test: OwnSplit | null): Promise<Parts> {
    const { options } = this;
    const count = whole.file.images.length;
    const val = options.val ?? Math.min(0.2, mostVal / count);
    const { images } = whole;
    const { onLooked } = dataEvents(options.observer ?? {});
    const how = { val, seed: options.seed ?? 1, out: options.out, read, onLooked };
    const split = await splitData({ file: whole.file, images, ...how });
    const [train, measured] = [split.train, split.val].map(({ path, file }) => ({ annotations: path, images, file }));
    this.#written.push(train!.annotations, measured!.annotations);
    const isMeasured = measured!.file.annotations.length > 0;
    return {
      train: train!,
      val: isMeasured ? measured! : null,
      test,
      valIs: 'made',
      alike: split.alike,
      unreadable: split.unreadable,
      written: this.#written,
    };
  }

  async #given(parts: Pick<Parts, 'train' | 'val' | 'test'>): Promise<Parts> {
    return { ...parts, valIs: 'given', alike: 0, unreadable: [], written: this.#written };
  }

  #open(annotations: string): OwnSplit {
    const file = parseCoco(annotations);
    return { annotations, images: this.options.images ?? findPictures(file, annotations), file };
  }

  async #write(side: Side, file: CocoFile, images: string, read: readonly string[]): Promise<OwnSplit> {
    const annotations = join(this.options.out, `${side}.json`);
    refuseOverwriting([annotations], read);
    makeFolder(this.options.out);
    await writeCoco(annotations, file);
    this.#written.push(annotations);
    return { annotations, images, file };
  }

  /** Before pictures are looked at and anything is written. */
  #checkLearnable(file: CocoFile): void {
    const nothing = learningProblems(file);
    if (nothing.length > 0) throw new DatasetError(this.options.data, nothing, 'There is nothing to learn from these.');
  }

  #nameOf(path: string): string {
    return relative(this.options.data, path).replaceAll(sep, '/');
  }

  #ambiguous(paths: readonly string[]): DatasetError {
    const names = paths.slice(0, 6).map((path) => this.#nameOf(path));
    const message = `${paths.length} COCO files, and their names do not say which one is to learn from: ${names.join(', ')}`;
    const hint = 'Name one of them, or put several together with "cmtdet data merge".';
    return new DatasetError(this.options.data, [{ at: 'files', message }], hint);
  }
}

/** The side of each picture by its file name, where folders or lists of the data say it for training and for another side. */
function sidesOf({ images }: CocoFile, folder: string | undefined): ReadonlyMap<string, Side> {
  const names = images.flatMap(({ file_name }) => file_name ?? []);
  const lists =
    folder === undefined ? new Map<string, Side>() : sidesOfLists(filesBelow(folder), (name) => join(folder, name));
  for (const sideOf of [sideOfPicture, (name: string) => lists.get(nameOf(name))]) {
    const sides = new Map<string, Side>();
    for (const name of names) {
      const side = sideOf(name);
      if (side !== undefined) sides.set(name, side);
    }
    const found = new Set(sides.values());
    if (found.has('train') && found.size > 1) return sides;
  }
  return new Map();
}

function partOf(file: CocoFile, has: (name: string) => boolean): CocoFile {
  const images = file.images.filter(({ file_name = '' }) => has(file_name));
  const ids = new Set(images.map(({ id }) => id));
  return { ...file, images, annotations: file.annotations.filter(({ image_id }) => ids.has(image_id)), repairs: [] };
}
