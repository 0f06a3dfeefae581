/** The rules that all formats share: which file is about which picture, its size, what counts as a box, what is passed over. */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, posix } from 'node:path';
import { DatasetError, ImageError } from '../../../errors.js';
import type { Size } from '../../../geometry/size.js';
import { filesBelow, noFiles } from '../../files/filesBelow.js';
import { isJunk } from '../../files/names.js';
import { readImageSize } from '../../image/imageSize.js';
import type { BoxXywh, CocoFile } from '../cocoFile.js';
import type { AnnotatedObject, AnnotatedPicture, AnnotationFile, AnnotationFormat, OutlineXywh } from './annotated.js';
import { CocoBuilder } from './cocoBuilder.js';
import { PictureFinder, type Place, picturesBeside } from './pictureFinder.js';

export interface ToCocoOptions {
  /** The pictures. Default: the folder of pictures beside the annotations (`images` beside `labels`), else the same folder. */
  readonly images?: string | undefined;
  /** Stop where otherwise something odd would be passed over and counted. @default false */
  readonly strict?: boolean | undefined;
}

export interface Conversion {
  readonly file: CocoFile;
  /** The folder that the file names of the pictures start at. */
  readonly imageFolder: string;
  /** Files that annotations were taken from, and the pictures. */
  readonly read: readonly string[];
}

/**
 * Reads annotations of another format. `docs/data.md`, "Other formats", has the rules.
 *
 * @param input a file, or a folder of them at any depth
 * @throws DatasetError with everything that is wrong, each with file and place
 */
export async function toCoco(
  input: string,
  format: AnnotationFormat,
  { images, strict = false }: ToCocoOptions = {},
): Promise<Conversion> {
  const { folder, names, others } = annotationFiles(input, format.endings);
  const imageFolder = images ?? besideOf(folder) ?? folder;
  const run = new Run(format, new CocoBuilder(strict), openFinder(imageFolder, folder), imageFolder);
  const all = new Set([...run.finder.others.map((name) => join(imageFolder, name)), ...others]);
  for (const path of all) run.builder.note(noFiles, path);
  for (const name of names) await run.takeFile({ path: join(folder, name), name });
  const file = await run.finish(input);
  return { file, imageFolder, read: run.read };
}

/** One conversion under way. */
class Run {
  /** Image ids by the file names of the pictures, and who named each. */
  readonly #idOf = new Map<string, number>();
  readonly #namedBy = new Map<string, string>();
  /** Files that are in the format. */
  readonly #read: string[] = [];
  #matched = 0;
  #unmatched = 0;
  #firstUnmatched: string[] = [];

  constructor(
    readonly format: AnnotationFormat,
    readonly builder: CocoBuilder,
    readonly finder: PictureFinder,
    readonly imageFolder: string,
  ) {}

  async takeFile(file: AnnotationFile): Promise<void> {
    let pictures: readonly AnnotatedPicture[] | undefined;
    try {
      pictures = await this.format.read(file);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      for (const { at, message } of error.problems) this.builder.problems.push({ at: `${file.name} ${at}`, message });
      this.#read.push(file.path);
      return;
    }
    if (pictures === undefined) {
      this.builder.passOver('{n} files are of another kind and were passed over', file.name);
      return;
    }
    this.#read.push(file.path);
    const folder = posix.dirname(file.name) === '.' ? '' : posix.dirname(file.name);
    const stem = this.format.filePerPicture ? posix.basename(file.name, extname(file.name)) : undefined;
    for (const picture of pictures) await this.#takePicture(picture, file, { folder, stem });
  }

  async #takePicture(picture: AnnotatedPicture, file: AnnotationFile, place: Place): Promise<void> {
    const at = picture.at === '' ? file.name : `${file.name} ${picture.at}`;
    if (this.finder.pictures.length === 0) {
      this.#addPicture(picture, this.finder.asWritten(picture.name, place), undefined, at, file.name);
      return;
    }
    const { otherName } = picture;
    const named = this.finder.find(picture.name, place);
    const found = named.length === 0 && otherName !== undefined ? this.finder.find(otherName, place) : named;
    const call = picture.name === undefined ? at : `${at} (${picture.name})`;
    if (found.length === 0) {
      this.#unmatched++;
      if (this.#firstUnmatched.length < 5) this.#firstUnmatched.push(call);
      this.builder.passOver('{n} annotated pictures are not in the folder and were passed over', call);
      return;
    }
    this.#matched++;
    for (const name of found) {
      const written = posix.join(place.folder, picture.name ?? name);
      const earlier = this.#namedBy.get(name);
      if (earlier !== undefined && earlier !== written && posix.normalize(written) !== name) {
        this.builder.passOver('{n} names lead to a picture that another name has already and were passed over', call);
        continue;
      }
      this.#namedBy.set(name, written);
      const size = await this.#sizeOf(name);
      if (size !== undefined) this.#addPicture(picture, name, size, at, file.name);
    }
  }

  /** @param size the picture's own, where there is one */
  #addPicture(picture: AnnotatedPicture, name: string, size: Size | undefined, at: string, file: string): void {
    const written = sizeIn(picture);
    if (size && written && (size.width !== written.width || size.height !== written.height)) {
      const message = "{n} pictures have another size than the annotations say (the picture's own counts)";
      this.builder.note(message, `${at}: ${written.width} x ${written.height}, is ${size.width} x ${size.height}`);
    } else if (size && !written && 'width' in picture) {
      this.builder.note('{n} sizes were read from the pictures, as the annotations say none', at);
    }
    const known = size ?? written;
    if (!known) {
      this.builder.passOver('{n} pictures have no size in the annotations and are not there to be read', at);
      return;
    }
    const earlier = this.#idOf.get(name);
    if (earlier !== undefined) this.builder.note('{n} pictures are annotated again; their boxes are put together', at);
    const id = earlier ?? this.builder.addImage(name, known.width, known.height);
    this.#idOf.set(name, id);
    this.#addObjects(picture, id, known, file);
  }

  #addObjects(picture: AnnotatedPicture, image: number, size: Size, file: string): void {
    const scale = picture.unit === 'shares' ? size : { width: 1, height: 1 };
    const groups = new Map<string, OutlineXywh>();
    const boxes: { object: AnnotatedObject; category: string; box: OutlineXywh; key: string | undefined }[] = [];
    for (const object of picture.objects) {
      const at = `${file} ${object.at}`;
      const category = this.#categoryOf(object.label, at);
      const box = this.#boxOf(object, at);
      if (category === undefined || box === undefined) continue;
      const key = object.group === undefined ? undefined : JSON.stringify([category, object.group]);
      const parts = key === undefined ? undefined : groups.get(key);
      if (key !== undefined) groups.set(key, parts ? union(parts, box) : box);
      if (parts) this.builder.note('{n} shapes are parts of an object with others (group_id): one box around them', at);
      else boxes.push({ object, category, box, key });
    }
    for (const { object, category, box, key } of boxes) {
      const [x, y, width, height] = key === undefined ? box : groups.get(key)!;
      const bbox: BoxXywh = [x * scale.width, y * scale.height, width * scale.width, height * scale.height];
      this.builder.addBox({ image, category, bbox, iscrowd: object.crowd ? 1 : 0 }, `${file} ${object.at}`);
    }
  }

  #categoryOf(label: unknown, at: string): string | undefined {
    const name = typeof label === 'number' ? String(label) : typeof label === 'string' ? label.trim() : '';
    if (name !== '') return name;
    this.builder.passOver('{n} objects have no label and were passed over', at);
    return undefined;
  }

  #boxOf({ outline }: AnnotatedObject, at: string): OutlineXywh | undefined {
    if ('boxXywh' in outline) {
      if (outline.mended) this.builder.passOver('{n} boxes had their corners in the wrong order and were mended', at);
      return outline.boxXywh;
    }
    if ('problem' in outline) this.builder.problems.push({ at, message: outline.problem });
    else if ('odd' in outline) this.builder.passOver(outline.odd, at);
    else this.builder.note(outline.leftOut, at);
    return undefined;
  }

  /** From the picture itself, upright. */
  async #sizeOf(name: string): Promise<Size | undefined> {
    try {
      return await readImageSize(join(this.imageFolder, name));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.builder.passOver('{n} pictures cannot be read and were passed over', `${name}: ${error.reason}`);
      return undefined;
    }
  }

  get read(): readonly string[] {
    return [...this.#read, ...this.finder.pictures.map((name) => join(this.imageFolder, name))];
  }

  /** @throws DatasetError with all problems */
  async finish(input: string): Promise<CocoFile> {
    const { builder, finder, format } = this;
    if (this.#read.length === 0) {
      const message = `none of the files that end in ${endingsText(format.endings)} is in this format`;
      throw new DatasetError(input, [{ at: 'files', message }]);
    }
    if (this.#matched === 0 && this.#unmatched > 0) {
      const message = `none of ${this.#unmatched} annotated pictures is among the ${finder.pictures.length} pictures below ${this.imageFolder}: ${this.#firstUnmatched.join(', ')}`;
      throw new DatasetError(input, [{ at: 'pictures', message }], 'The folder of the pictures is given by --images.');
    }
    if (finder.pictures.length === 0) {
      if (builder.images === 0 && builder.problems.length === 0) {
        throw new DatasetError(input, [
          { at: 'pictures', message: `${this.#read.length} files, and no picture below ${this.imageFolder}` },
        ]);
      }
      builder.note(`no picture is below ${this.imageFolder}: names and sizes are as written`, input);
    }
    builder.problems.push(...(format.finish?.() ?? []));
    if (format.othersAreEmpty) await this.#addOthers();
    return builder.finish(input, format.categories?.slice());
  }

  /** Pictures that no file is about. */
  async #addOthers(): Promise<void> {
    for (const name of this.finder.pictures) {
      if (this.#namedBy.has(name)) continue;
      const size = await this.#sizeOf(name);
      if (!size) continue;
      this.builder.note('{n} pictures have no label file and count as pictures without objects', name);
      this.builder.addImage(name, size.width, size.height);
    }
  }
}

/** @throws DatasetError where there is no such folder, or no file that ends so */
function annotationFiles(
  input: string,
  endings: readonly string[],
): { folder: string; names: string[]; others: string[] } {
  const status = statSync(input, { throwIfNoEntry: false });
  if (!status) throw new DatasetError(input, [{ at: 'input', message: 'no such file or folder' }]);
  if (!status.isDirectory()) return { folder: dirname(input), names: [basename(input)], others: [] };
  const others: string[] = [];
  const names = filesBelow(input, (path) => others.push(join(input, path))).filter((name) =>
    endings.includes(extname(name).toLowerCase()),
  );
  if (names.length > 0) return { folder: input, names, others };
  throw new DatasetError(input, [
    { at: 'folder', message: `expected files that end in ${endingsText(endings)}, found none` },
  ]);
}

function endingsText(endings: readonly string[]): string {
  return endings.filter((ending) => ending !== '').join(', ');
}

function besideOf(folder: string): string | undefined {
  const parent = dirname(folder);
  const siblings = parent === folder ? [] : readdirSync(parent).filter((name) => !isJunk(name));
  const name = picturesBeside(basename(folder), siblings);
  return name === undefined ? undefined : join(parent, name);
}

function openFinder(imageFolder: string, folder: string): PictureFinder {
  if (!statSync(imageFolder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DatasetError(imageFolder, [{ at: 'folder', message: 'no such folder of pictures' }]);
  }
  return new PictureFinder(imageFolder, folder);
}

/** The size that annotations give, if it is one. */
function sizeIn({ width, height }: AnnotatedPicture): Size | undefined {
  const size = { width: Number(width), height: Number(height) };
  return Number.isInteger(size.width) && Number.isInteger(size.height) && size.width > 0 && size.height > 0
    ? size
    : undefined;
}

function union(a: OutlineXywh, b: OutlineXywh): OutlineXywh {
  const [left, top] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  const [right, bottom] = [Math.max(a[0] + a[2], b[0] + b[2]), Math.max(a[1] + a[3], b[1] + b[3])];
  return [left, top, right - left, bottom - top];
}
