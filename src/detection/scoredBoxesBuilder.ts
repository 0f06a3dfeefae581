import type { ScoredBoxes } from './postprocess.js';

/** Collects boxes whose number is not known before. */
export class ScoredBoxesBuilder {
  readonly #boxes: Float32Array;
  readonly #scores: Float32Array;
  readonly #labels: Int32Array;
  #count = 0;

  /** @param capacity the most that can come */
  constructor(capacity: number) {
    this.#boxes = new Float32Array(4 * capacity);
    this.#scores = new Float32Array(capacity);
    this.#labels = new Int32Array(capacity);
  }

  add(x1: number, y1: number, x2: number, y2: number, score: number, label: number): void {
    const at = 4 * this.#count;
    this.#boxes[at] = x1;
    this.#boxes[at + 1] = y1;
    this.#boxes[at + 2] = x2;
    this.#boxes[at + 3] = y2;
    this.#scores[this.#count] = score;
    this.#labels[this.#count] = label;
    this.#count++;
  }

  /** What has been added, in that order. */
  done(): ScoredBoxes {
    return {
      boxes: this.#boxes.subarray(0, 4 * this.#count),
      scores: this.#scores.subarray(0, this.#count),
      labels: this.#labels.subarray(0, this.#count),
    };
  }
}
