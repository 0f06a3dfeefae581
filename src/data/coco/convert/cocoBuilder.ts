import { DatasetError, type Problem } from '../../../errors.js';
import { RepairTally } from '../../repairs.js';
import type { BoxXywh, CocoAnnotation, CocoCategory, CocoFile, CocoImage } from '../cocoFile.js';
import { learningProblems } from '../health.js';
import { parseCoco } from '../parseCoco.js';

interface Box {
  readonly image: number;
  readonly category: string;
  readonly bbox: BoxXywh;
  readonly iscrowd: 0 | 1;
}

/** Collects what a conversion finds; ids of images count from 1 in the order of their names, those of boxes in that of the images. */
export class CocoBuilder {
  readonly problems: Problem[] = [];
  readonly #images: (CocoImage & { readonly file_name: string })[] = [];
  readonly #boxes: Box[] = [];
  readonly #places = new Set<string>();
  readonly #notes = new RepairTally();

  /** @param strict makes problems of what is otherwise passed over or mended */
  constructor(readonly strict: boolean) {}

  /** @returns what boxes call the image by */
  addImage(file_name: string, width: number, height: number): number {
    return this.#images.push({ id: 0, file_name, width, height }) - 1;
  }

  /** @param at where it comes from, for messages */
  addBox(box: Box, at: string): void {
    const { image, category, bbox, iscrowd } = box;
    const place = `${image} ${iscrowd} ${bbox.join(' ')} ${category}`;
    if (this.#places.has(place)) {
      this.passOver('{n} boxes repeat another in picture, class and place and were left out', at);
      return;
    }
    this.#places.add(place);
    this.#boxes.push(box);
  }

  get images(): number {
    return this.#images.length;
  }

  /** Counts something that a person should hear of. @param kind a sentence in which `{n}` stands for the count */
  note(kind: string, at: string): void {
    this.#notes.add(kind, at);
  }

  /** The same for what is left out or changed though it should not have been there: a problem where the conversion is strict. */
  passOver(kind: string, at: string): void {
    if (this.strict) this.problems.push({ at, message: kind.replace('{n} ', '').trim() });
    else this.note(kind, at);
  }

  /**
   * @param categories with their ids; by default the names that occur, sorted, from 1
   * @throws DatasetError with every problem, under the name of `source`
   */
  finish(source: string, categories = this.#namesFound()): CocoFile {
    if (this.problems.length > 0) {
      throw new DatasetError(
        source,
        this.problems,
        this.strict ? 'Without --strict, what is odd is passed over and counted.' : undefined,
      );
    }
    const idOf = new Map(categories.map(({ id, name }) => [name, id]));
    const order = this.#images.map((image, position) => ({ ...image, position }));
    order.sort((one, other) => (one.file_name < other.file_name ? -1 : 1));
    const images = order.map(({ position: _, ...image }, i): CocoImage => ({ ...image, id: i + 1 }));
    const imageIds = new Map(order.map(({ position }, i) => [position, i + 1]));
    const boxes = this.#boxes.map(({ image, ...box }) => ({ ...box, image_id: imageIds.get(image)! }));
    boxes.sort((one, other) => one.image_id - other.image_id);
    const annotations = boxes.map(({ category, bbox, iscrowd, image_id }, i): CocoAnnotation => {
      return { id: i + 1, image_id, category_id: idOf.get(category)!, bbox, area: bbox[2] * bbox[3], iscrowd };
    });
    const file = parseCoco({ images, annotations, categories }, { name: source });
    const nothing = learningProblems(file);
    const notes = this.#notes.repairs();
    if (nothing.length > 0)
      throw new DatasetError(source, nothing, notes.map(({ message }) => message).join('\n') || undefined);
    return { ...file, repairs: [...notes, ...file.repairs] };
  }

  #namesFound(): CocoCategory[] {
    const names = [...new Set(this.#boxes.map(({ category }) => category))].sort();
    return names.map((name, i) => ({ id: i + 1, name }));
  }
}
