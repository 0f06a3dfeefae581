import { DatasetError, type Problem } from '../../../errors.js';
import type { BoxXywh, CocoAnnotation, CocoCategory, CocoFile, CocoImage } from '../cocoFile.js';
import { parseCoco } from '../parseCoco.js';
import { Tally } from '../tally.js';

/** Collects what a converter finds; ids of images and boxes count from 1 in the order of arrival. */
export class CocoBuilder {
  readonly problems: Problem[] = [];
  readonly #images: CocoImage[] = [];
  readonly #boxes: { image: number; category: string; bbox: BoxXywh; iscrowd: 0 | 1 }[] = [];
  readonly #left = new Tally();

  /** @returns the image's id */
  addImage(file_name: string, width: number, height: number): number {
    const id = this.#images.length + 1;
    this.#images.push({ id, file_name, width, height });
    return id;
  }

  addBox(image: number, category: string, bbox: BoxXywh, iscrowd: 0 | 1 = 0): void {
    this.#boxes.push({ image, category, bbox, iscrowd });
  }

  /** Notes something that COCO boxes cannot hold. @param kind a sentence in which `{n}` stands for the count */
  leaveOut(kind: string, at: string): void {
    this.#left.add(kind, at);
  }

  /**
   * @param categories with their ids; by default the names that occur, sorted, from 1
   * @throws DatasetError with every problem, under the name of `source`
   */
  finish(source: string, categories = this.#namesFound()): CocoFile {
    const idOf = new Map(categories.map(({ id, name }) => [name, id]));
    const annotations = this.#boxes.map(({ image, category, bbox, iscrowd }, i): CocoAnnotation => {
      return { id: i + 1, image_id: image, category_id: idOf.get(category)!, bbox, area: bbox[2] * bbox[3], iscrowd };
    });
    if (this.problems.length > 0) throw new DatasetError(source, this.problems);
    const file = parseCoco({ images: this.#images, annotations, categories }, { name: source });
    return { ...file, warnings: [...this.#left.sentences(), ...file.warnings] };
  }

  #namesFound(): CocoCategory[] {
    const names = [...new Set(this.#boxes.map(({ category }) => category))].sort();
    return names.map((name, i) => ({ id: i + 1, name }));
  }
}
