import { DatasetError, ImageError, type Problem } from '../../errors.js';
import type { Size } from '../../geometry/size.js';
import type { CocoAnnotation, CocoFile, CocoId, CocoImage } from '../coco/cocoFile.js';
import { boxFault, clippedTo, reachesOverEdge } from '../coco/usableBox.js';
import { readImageSize } from '../image/imageSize.js';
import { orderedPrefetch } from '../parallel/orderedPrefetch.js';
import { type ImageRoot, openImageRoot, PathError } from '../paths.js';
import { type Repair, RepairTally } from '../repairs.js';

/** One picture with its targets. */
export interface DetectionRecord {
  readonly imageId: CocoId;
  /** Absolute path. */
  readonly file: string;
  /** Of the upright picture, in pixels. */
  readonly width: number;
  readonly height: number;
  /** [G, 4] xyxy in original pixels, inside the picture. */
  readonly boxes: Float32Array;
  /** [G] indices of `categories`. */
  readonly labels: Int32Array;
}

export interface Category {
  readonly id: number;
  readonly name: string;
}

export interface DetectionDataset {
  readonly records: readonly DetectionRecord[];
  /** Sorted by id; a label is an index into this list. */
  readonly categories: readonly Category[];
  readonly summary: DatasetSummary;
}

/** What became of the pictures and boxes of the file, so that nothing is dropped without a word. */
export interface DatasetSummary {
  readonly images: number;
  /** Pictures with at least one usable box. */
  readonly withBoxes: number;
  /** Pictures without, kept as negatives or dropped as the option says. */
  readonly withoutBoxes: number;
  readonly boxes: number;
  /** Boxes left out: crowds mark regions, not objects; degenerate ones are thinner than a pixel or lie outside their picture. */
  readonly dropped: { readonly crowd: number; readonly degenerate: number };
  /** Pictures that are not there or cannot be read, where the options let them be skipped. */
  readonly broken: readonly Problem[];
  /** What was mended: of the pictures, and of what is learnt from them, which a measurement does not use. */
  readonly repairs: { readonly pictures: readonly Repair[]; readonly targets: readonly Repair[] };
}

export interface DatasetOptions {
  /** What to call the annotation file in messages. */
  readonly source: string;
  /** Pictures without a usable box: negatives teach too, so they are kept unless asked. */
  readonly empty?: 'keep' | 'drop';
  /** Pictures that are not there: stop with a list of all, or go on without them. */
  readonly missing?: 'stop' | 'skip';
  /** Pictures that are there and cannot be read, or are no pictures. */
  readonly onBroken?: 'stop' | 'skip';
  /** What to tell people who want to go on without them. */
  readonly howToSkip?: string;
  readonly onLooked?: ((done: number, total: number) => void) | undefined;
}

/** Picture headers read at a time. */
const filesAtOnce = 16;

/**
 * The pictures below `imageRoot` with their targets, every file looked at (its header, not its pixels) before training begins.
 *
 * @throws DatasetError listing every picture that is missing, leads out of the root or is no picture, unless they are skipped
 */
export async function openDetectionDataset(
  coco: CocoFile,
  imageRoot: string,
  {
    source,
    empty = 'keep',
    missing = 'stop',
    onBroken = 'stop',
    howToSkip = 'data.missing, data.onBroken = skip',
    onLooked,
  }: DatasetOptions,
): Promise<DetectionDataset> {
  const categories = [...coco.categories].sort((a, b) => a.id - b.id).map(({ id, name }) => ({ id, name }));
  const pictureRepairs = new RepairTally();
  const targetRepairs = new RepairTally();
  const targets = new Targets(coco.annotations, categories, targetRepairs);
  const root = await openImageRoot(imageRoot);
  const records: DetectionRecord[] = [];
  const broken: Problem[] = [];
  const fatal: Problem[] = [];
  let withBoxes = 0;
  let done = 0;
  for await (const look of orderedPrefetch(coco.images, (image) => lookAt(image, root), filesAtOnce)) {
    onLooked?.(++done, coco.images.length);
    const { image, name } = look;
    if (look.problem !== undefined) {
      const problem = { at: name, message: look.problem };
      broken.push(problem);
      if ((look.kind === 'missing' ? missing : onBroken) === 'stop') fatal.push(problem);
      continue;
    }
    const { file, size } = look;
    if (image.width !== undefined && (image.width !== size.width || image.height !== size.height)) {
      const place = `${name} is ${size.width} x ${size.height} upright, not ${image.width} x ${image.height}`;
      pictureRepairs.add('{n} pictures have another size than the annotations say: their own is used', place);
    }
    const { boxes, labels } = targets.inside(image.id, size);
    if (labels.length > 0) withBoxes++;
    else if (empty === 'drop') {
      targetRepairs.add('{n} pictures have no usable box: left out', name);
      continue;
    }
    records.push({ imageId: image.id, file, ...size, boxes, labels });
  }
  if (fatal.length > 0) {
    const hint = `Pictures are looked for below ${imageRoot}. To go on without them: ${howToSkip}.`;
    throw new DatasetError(source, fatal, hint);
  }
  const images = coco.images.length;
  if (records.length === 0) {
    const message = `none of ${images} pictures is usable: ${broken.length} broken, ${images - broken.length} without a box`;
    throw new DatasetError(source, [{ at: 'images', message }]);
  }
  const withoutBoxes = images - broken.length - withBoxes;
  const repairs = { pictures: pictureRepairs.repairs(), targets: targetRepairs.repairs() };
  const summary = { images, withBoxes, withoutBoxes, ...targets.counts(), broken, repairs };
  return { records, categories, summary };
}

/** What a look at a picture's file gave. `name` is what messages call it. */
type Look = { readonly image: CocoImage; readonly name: string } & (
  | { readonly file: string; readonly size: Size; readonly problem?: undefined }
  | { readonly kind: 'missing' | 'broken'; readonly problem: string }
);

async function lookAt(image: CocoImage, root: ImageRoot): Promise<Look> {
  const name = image.file_name ?? `image ${image.id}`;
  if (image.file_name === undefined) return { image, name, kind: 'missing', problem: 'has no file_name' };
  try {
    const file = await root.find(image.file_name);
    return { image, name, file, size: await readImageSize(file) };
  } catch (error) {
    if (error instanceof PathError) return { image, name, kind: error.kind, problem: error.message };
    if (error instanceof ImageError) return { image, name, kind: 'broken', problem: error.reason };
    throw error;
  }
}

/** The boxes of a COCO file by picture, and how many of them were dropped. */
class Targets {
  readonly #ofImage = new Map<CocoId, CocoAnnotation[]>();
  readonly #labelOf: ReadonlyMap<number, number>;
  #boxes = 0;
  #crowd = 0;
  #degenerate = 0;

  constructor(
    annotations: readonly CocoAnnotation[],
    categories: readonly Category[],
    readonly repairs: RepairTally,
  ) {
    this.#labelOf = new Map(categories.map(({ id }, label) => [id, label]));
    for (const annotation of annotations) {
      const known = this.#ofImage.get(annotation.image_id);
      if (known) known.push(annotation);
      else this.#ofImage.set(annotation.image_id, [annotation]);
    }
  }

  /** The usable boxes of one picture, clipped to it. */
  inside(imageId: CocoId, size: Size): { boxes: Float32Array; labels: Int32Array } {
    const boxes: number[] = [];
    const labels: number[] = [];
    for (const annotation of this.#ofImage.get(imageId) ?? []) {
      const { id, category_id, bbox } = annotation;
      const fault = boxFault(annotation, size);
      if (fault === 'crowd') this.#crowd++;
      else if (fault) {
        this.#degenerate++;
        this.repairs.add(
          '{n} boxes are thinner than a pixel or outside of their picture: left out',
          `annotation ${id}`,
        );
      } else {
        if (reachesOverEdge(bbox, size))
          this.repairs.add('{n} boxes reach over an edge of their picture: cut there', `annotation ${id}`);
        boxes.push(...clippedTo(bbox, size));
        labels.push(this.#labelOf.get(category_id)!);
      }
    }
    this.#boxes += labels.length;
    return { boxes: Float32Array.from(boxes), labels: Int32Array.from(labels) };
  }

  counts() {
    return { boxes: this.#boxes, dropped: { crowd: this.#crowd, degenerate: this.#degenerate } };
  }
}
