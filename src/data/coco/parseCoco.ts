import { DatasetError, type Problem } from '../../errors.js';
import { FieldSet } from '../../formats/json/fieldSet.js';
import { RepairTally } from '../repairs.js';
import {
  type BoxXywh,
  type CocoAnnotation,
  type CocoCategory,
  type CocoFile,
  type CocoId,
  type CocoImage,
  describe,
} from './cocoFile.js';
import { areaProblem, boxProblem, crowdProblem, idProblem, numberIdProblem } from './fieldChecks.js';
import { IdIndex } from './idIndex.js';
import { inputName, type JsonInput, readRecordArrays, withoutPipe } from './records.js';

export interface ParseCocoOptions {
  /**
   * What to do with an annotation that cannot be used (no box of four finite numbers, an image or category that does
   * not exist) or an image that is listed again: `stop` with an error that lists all of them, or `skip` with a warning.
   *
   * @default 'stop'
   */
  readonly onBad?: 'stop' | 'skip';
  /**
   * What to do with annotations of images and categories that are not in the file at all: `stop`, or `leaveOut` with a
   * warning that counts them, as pycocotools does. Ids that differ in how they are written (1 and "1") always stop.
   *
   * @default 'stop'
   */
  readonly onUnknown?: 'stop' | 'leaveOut';
  /**
   * What to call an input that is no path in messages.
   *
   * @default 'annotations'
   */
  readonly name?: string;
}

/** Files that came out of `parseCoco`: checking them twice would only cost time. */
const checked = new WeakSet<object>();

/**
 * Reads COCO annotations: a path (plain or gzip), JSON text or bytes, or parsed JSON. Streams, so that size is no limit;
 * `segmentation` and all else that detection does not need is skipped unbuilt.
 *
 * A missing `area` becomes width x height, a missing `iscrowd` 0, a missing annotation id the next free number, a missing
 * `bbox` the box around the polygons of `segmentation`, a missing `file_name` the end of `coco_url` (LVIS); these are
 * entries of `repairs`.
 *
 * @throws DatasetError with every problem of the file
 * @example
 * const { images, annotations } = parseCoco('instances_val2017.json');
 */
export function parseCoco(input: JsonInput, options: ParseCocoOptions = {}): CocoFile {
  if (typeof input === 'object' && checked.has(input)) return input as CocoFile;
  const { name = 'annotations' } = options;
  const source = inputName(input, name);
  const content = withoutPipe(input);
  const read = (annotations: FieldSet) => {
    const parser = new CocoParser(options);
    const seen = readRecordArrays(content, source, {
      images: { fields: imageFields, take: (record, index) => parser.image(record, index) },
      annotations: { fields: annotations, take: (record, index) => parser.annotation(record, index) },
      categories: { fields: categoryFields, take: (record, index) => parser.category(record, index) },
    });
    return { parser, seen };
  };
  let { parser, seen } = read(annotationFields);
  if (parser.wantsPolygons) ({ parser, seen } = read(annotationFieldsAndPolygons)); // few files do, and building them all is slow
  for (const key of ['images', 'annotations', 'categories']) {
    if (!seen.has(key)) parser.problems.push({ at: key, message: 'expected an array, found nothing' });
  }
  const file = parser.finish();
  if (parser.problems.length > 0) throw new DatasetError(source, parser.problems);
  checked.add(file);
  return file;
}

const imageFields = new FieldSet(['id', 'file_name', 'width', 'height', 'coco_url']);
const annotationFields = new FieldSet(['id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd']);
const annotationFieldsAndPolygons = new FieldSet([...annotationFields.names, 'segmentation']);
const categoryFields = new FieldSet(['id', 'name']);

type Fields = Record<string, unknown>;

/** What is done about fields that are missing. */
const repairs = {
  area: '{n} annotations have no area: taken as width x height',
  crowd: '{n} annotations have no iscrowd: taken as 0',
  id: '{n} annotations have no id: numbered',
  box: '{n} annotations have no bbox: taken around their polygons',
} as const;

/** Takes records in the order of the file and collects what is wrong with them; ids are compared at the end. */
class CocoParser {
  readonly problems: Problem[] = [];
  readonly #images: CocoImage[] = [];
  readonly #annotations: CocoAnnotation[] = [];
  readonly #categories: CocoCategory[] = [];
  /** Place in the file of each kept record: bad ones leave gaps. */
  readonly #imagePlaces: number[] = [];
  readonly #annotationPlaces: number[] = [];
  readonly #categoryPlaces: number[] = [];
  readonly #withoutId = new Set<number>();
  readonly #repairs = new RepairTally();

  /** Whether an annotation without a box was met, whose polygons may say it. */
  wantsPolygons = false;
  readonly #skipBad: boolean;
  readonly #leaveOutUnknown: boolean;

  constructor({ onBad, onUnknown }: ParseCocoOptions) {
    this.#skipBad = onBad === 'skip';
    this.#leaveOutUnknown = onUnknown === 'leaveOut';
  }

  image(record: unknown, index: number): void {
    const at = `images[${index}]`;
    if (!this.#isObject(record, at)) return;
    const { id, width, height } = record;
    const file_name = record.file_name ?? this.#endOfUrl(record.coco_url, at);
    const problem = idProblem(id);
    if (problem) this.problems.push({ at: `${at}.id`, message: problem });
    if (file_name !== undefined && typeof file_name !== 'string') {
      this.problems.push({ at: `${at}.file_name`, message: `expected a string, found ${describe(file_name)}` });
    }
    const size = this.#size(width, height, index);
    this.#images.push({ id: id as CocoId, ...(typeof file_name === 'string' ? { file_name } : {}), ...size });
    this.#imagePlaces.push(index);
  }

  annotation(record: unknown, index: number): void {
    const at = `annotations[${index}]`;
    if (!record || typeof record !== 'object' || Array.isArray(record)) {
      this.#bad({ at, message: `expected an object, found ${describe(record)}` });
      return;
    }
    const { id, image_id, category_id, area, iscrowd, segmentation } = record as Fields;
    let { bbox } = record as Fields;
    if (bbox === undefined || bbox === null) {
      this.wantsPolygons = true;
      bbox = boxAroundPolygons(segmentation);
      if (bbox) this.#repairs.addEntry(repairs.box, 'annotations', index);
    }
    const name = id === undefined || id === null ? at : `${at} (id ${id})`;
    const problems = [
      ...fieldProblem(name, 'id', id === undefined || id === null ? undefined : idProblem(id)),
      ...fieldProblem(name, 'image_id', idProblem(image_id)),
      ...fieldProblem(name, 'category_id', numberIdProblem(category_id)),
      ...fieldProblem(name, 'bbox', boxProblem(bbox)),
      ...fieldProblem(name, 'area', areaProblem(area)),
      ...fieldProblem(name, 'iscrowd', crowdProblem(iscrowd)),
    ];
    if (problems.length > 0) {
      for (const problem of problems) this.#bad(problem);
      return;
    }
    const boxXywh = bbox as BoxXywh;
    if (area === undefined || area === null) this.#repairs.addEntry(repairs.area, 'annotations', index);
    if (iscrowd === undefined || iscrowd === null) this.#repairs.addEntry(repairs.crowd, 'annotations', index);
    if (id === undefined || id === null) {
      this.#repairs.addEntry(repairs.id, 'annotations', index);
      this.#withoutId.add(this.#annotations.length);
    }
    this.#annotations.push({
      id: (id ?? 0) as CocoId,
      image_id: image_id as CocoId,
      category_id: category_id as number,
      bbox: boxXywh,
      area: (area ?? boxXywh[2] * boxXywh[3]) as number,
      iscrowd: iscrowd ? 1 : 0,
    });
    this.#annotationPlaces.push(index);
  }

  category(record: unknown, index: number): void {
    const at = `categories[${index}]`;
    if (!this.#isObject(record, at)) return;
    const { id, name } = record;
    const problem = numberIdProblem(id);
    if (problem) this.problems.push({ at: `${at}.id`, message: problem });
    if (name === undefined || name === null)
      this.#repairs.addEntry('{n} categories have no name: called by their id', 'categories', index);
    else if (typeof name !== 'string' && typeof name !== 'number') {
      this.problems.push({ at: `${at}.name`, message: `expected a string, found ${describe(name)}` });
    }
    this.#categories.push({ id: id as number, name: String(name ?? id) });
    this.#categoryPlaces.push(index);
  }

  finish(): CocoFile {
    if (this.#skipBad) this.#dropRepeatedImages();
    this.#repeatedIds('images', this.#images, this.#imagePlaces);
    this.#repeatedIds('categories', this.#categories, this.#categoryPlaces);
    this.#mixedImageIds();
    this.#repeatedFiles();
    this.#repeatedNames();
    const annotations = this.#danglingRemoved();
    const given = this.#givenIds(annotations);
    return {
      images: this.#images,
      annotations: given,
      categories: this.#categories,
      repairs: this.#repairs.repairs(),
    };
  }

  #isObject(record: unknown, at: string): record is Fields {
    if (record && typeof record === 'object' && !Array.isArray(record)) return true;
    this.problems.push({ at, message: `expected an object, found ${describe(record)}` });
    return false;
  }

  #bad(problem: Problem): void {
    if (this.#skipBad)
      this.#repairs.add('{n} faults in annotations that were skipped', `${problem.at}: ${problem.message}`);
    else this.problems.push(problem);
  }

  #size(width: unknown, height: unknown, index: number): { width: number; height: number } | undefined {
    const unknown = (side: unknown) => side === undefined || side === null || side === -1 || side === 0;
    if (unknown(width) || unknown(height)) {
      this.#repairs.addEntry('{n} images have no size in the file: it is read from the pictures', 'images', index);
      return undefined;
    }
    for (const [side, value] of Object.entries({ width, height })) {
      if (Number.isInteger(value) && (value as number) > 0) continue;
      this.problems.push({
        at: `images[${index}].${side}`,
        message: `expected whole pixels, found ${describe(value)}`,
      });
      return undefined;
    }
    return { width: width as number, height: height as number };
  }

  #repeatedIds(key: string, records: readonly { id: CocoId }[], places: readonly number[]): void {
    const first = new Map<CocoId, number>();
    for (const [i, { id }] of records.entries()) {
      const earlier = first.get(id);
      if (earlier === undefined) first.set(id, places[i]!);
      else if (id !== undefined) {
        const message = `id ${describe(id)} is taken by ${key}[${earlier}] already`;
        this.problems.push({ at: `${key}[${places[i]}].id`, message });
      }
    }
  }

  /** An image listed twice with one id and one file is one image. With two files it stays a problem. */
  #dropRepeatedImages(): void {
    const fileOf = new Map<CocoId, string | undefined>();
    for (let i = 0; i < this.#images.length; i++) {
      const { id, file_name } = this.#images[i]!;
      if (fileOf.has(id) && fileOf.get(id) === file_name) {
        this.#repairs.addEntry('{n} images were listed again and skipped', 'images', this.#imagePlaces[i]!);
        this.#images.splice(i, 1);
        this.#imagePlaces.splice(i--, 1);
      } else fileOf.set(id, file_name);
    }
  }

  #mixedImageIds(): void {
    const text = this.#images.findIndex(({ id }) => typeof id === 'string');
    const number = this.#images.findIndex(({ id }) => typeof id === 'number');
    if (text < 0 || number < 0) return;
    const of = (i: number) => `images[${this.#imagePlaces[i]}].id ${describe(this.#images[i]!.id)}`;
    this.problems.push({ at: 'images', message: `ids are numbers and strings: ${of(number)}, ${of(text)}` });
  }

  #repeatedFiles(): void {
    const owners = new Map<string, CocoId>();
    for (const { id, file_name } of this.#images) {
      if (file_name === undefined) continue;
      const owner = owners.get(file_name);
      if (owner === undefined) owners.set(file_name, id);
      else this.#repairs.add('{n} file names are listed again under another image id', `${file_name}: ${owner}, ${id}`);
    }
  }

  #repeatedNames(): void {
    const first = new Map<string, number>();
    for (const { id, name } of this.#categories) {
      const earlier = first.get(name);
      if (earlier === undefined) first.set(name, id);
      else this.#repairs.add('{n} categories have the name of another', `${name}: ids ${earlier}, ${id}`);
    }
  }

  /** LVIS has no file names; its pictures are called as their addresses end. */
  #endOfUrl(url: unknown, at: string): string | undefined {
    const end = typeof url === 'string' ? url.split('/').at(-1) : undefined;
    if (!end) return undefined;
    this.#repairs.add('{n} images have no file_name; it is taken from the end of their coco_url', at);
    return end;
  }

  /** Whether an annotation is about something that the file does not have, and this may be left out. */
  #isLeftOut(ids: IdIndex<CocoId>, id: CocoId, what: string, at: string): boolean {
    if (!this.#leaveOutUnknown || ids.has(id) || ids.isNear(id)) return false;
    this.#repairs.add(`{n} annotations are of ${what} that the file does not have and were left out`, at);
    return true;
  }

  /** The annotations whose image and category exist; the others are problems. */
  #danglingRemoved(): CocoAnnotation[] {
    const images = new IdIndex(this.#images.map(({ id }) => id));
    const categories = new IdIndex(this.#categories.map(({ id }) => id));
    let kept = 0;
    const annotations = this.#annotations;
    for (const [i, annotation] of annotations.entries()) {
      const { id, image_id, category_id } = annotation;
      const hasImage = images.has(image_id);
      const hasCategory = categories.has(category_id);
      if (hasImage && hasCategory) {
        if (kept !== i) {
          if (this.#withoutId.delete(i)) this.#withoutId.add(kept);
          annotations[kept] = annotation;
        }
        kept++;
        continue;
      }
      const at = `annotations[${this.#annotationPlaces[i]}]${this.#withoutId.has(i) ? '' : ` (id ${id})`}`;
      if (
        this.#isLeftOut(images, image_id, 'images', at) ||
        this.#isLeftOut(categories, category_id, 'categories', at)
      ) {
        this.#withoutId.delete(i);
        continue;
      }
      if (!hasImage) this.#bad({ at: `${at}.image_id`, message: images.whyMissing('image_id', image_id) });
      if (!hasCategory)
        this.#bad({ at: `${at}.category_id`, message: categories.whyMissing('category_id', category_id) });
      this.#withoutId.delete(i);
    }
    annotations.length = kept;
    return annotations;
  }

  /** Numbers the annotations that have no id, and warns of ids that repeat. */
  #givenIds(annotations: CocoAnnotation[]): CocoAnnotation[] {
    const seen = new Set<CocoId>();
    let free = 1;
    for (const [i, { id }] of annotations.entries()) {
      if (this.#withoutId.has(i)) continue;
      if (seen.has(id)) this.#repairs.add('{n} annotations repeat an id: all boxes count', `id ${id}`);
      seen.add(id);
      if (typeof id === 'number' && id >= free) free = id + 1;
    }
    if (this.#withoutId.size === 0) return annotations;
    return annotations.map((annotation, i) => (this.#withoutId.has(i) ? { ...annotation, id: free++ } : annotation));
  }
}

/** The box around `[[x, y, x, y, ...], ...]`; undefined where a segmentation is something else. */
function boxAroundPolygons(segmentation: unknown): BoxXywh | undefined {
  if (!Array.isArray(segmentation)) return undefined;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const polygon of segmentation) {
    if (!Array.isArray(polygon) || !polygon.every(Number.isFinite)) return undefined;
    for (let i = 0; i + 1 < polygon.length; i += 2) {
      left = Math.min(left, polygon[i]);
      right = Math.max(right, polygon[i]);
      top = Math.min(top, polygon[i + 1]);
      bottom = Math.max(bottom, polygon[i + 1]);
    }
  }
  return left <= right ? [left, top, right - left, bottom - top] : undefined;
}

function fieldProblem(at: string, field: string, message: string | undefined): Problem[] {
  return message ? [{ at: `${at}.${field}`, message }] : [];
}
