import type { CocoCategory } from '../data/coco/cocoFile.js';
import type { Curves } from './accumulate.js';
import type { EvalParams } from './evalParams.js';
import { pairwiseMean } from './mean.js';

/**
 * The numbers of COCO: averages over categories, and over IoU thresholds where the name has none. `null`: nothing to
 * measure, for instance no small object in the whole file.
 */
export interface CocoStats {
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  /** AP and AR of further area ranges: APs, APm, APl, ARs, ARm, ARl. */
  readonly [average: `AP${string}`]: number | null;
  /** AR1, AR10, AR100: average recall with so many detections an image. */
  readonly [average: `AR${string}`]: number | null;
}

export interface CategoryStats {
  readonly id: number;
  readonly name: string;
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  /** Of the largest number of detections an image: AR100. */
  readonly [average: `AR${number}`]: number | null;
  /** Objects to be found: crowd regions are none. */
  readonly groundTruths: number;
  readonly detections: number;
}

/** Averages parts of the curves. */
export class Summary {
  readonly #shape: { T: number; R: number; K: number; A: number; M: number };

  constructor(
    readonly curves: Curves,
    readonly params: EvalParams,
    K: number,
  ) {
    const { iouThresholds, recallThresholds, areaRanges, maxDets } = params;
    this.#shape = { T: iouThresholds.length, R: recallThresholds.length, K, A: areaRanges.length, M: maxDets.length };
  }

  /** In COCO's order: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl. */
  stats(): CocoStats {
    const { areaRanges, maxDets } = this.params;
    const others = areaRanges.slice(1).map(({ name }, i) => [name, i + 1] as const);
    return Object.fromEntries([
      ['AP', this.precision({})],
      ['AP50', this.precision({ iou: 0.5 })],
      ['AP75', this.precision({ iou: 0.75 })],
      ...others.map(([name, a]) => [`AP${name}`, this.precision({ a })]),
      ...maxDets.map((limit, m) => [`AR${limit}`, this.recall({ m })]),
      ...others.map(([name, a]) => [`AR${name}`, this.recall({ a })]),
    ]) as unknown as CocoStats;
  }

  category(k: number, { id, name }: CocoCategory, groundTruths: number, detections: number): CategoryStats {
    const limit = this.params.maxDets.at(-1)!;
    const averages = {
      AP: this.precision({ k }),
      AP50: this.precision({ k, iou: 0.5 }),
      AP75: this.precision({ k, iou: 0.75 }),
      [`AR${limit}`]: this.recall({ k }),
    };
    return { id, name, ...(averages as Pick<CategoryStats, 'AP' | 'AP50' | 'AP75'>), groundTruths, detections };
  }

  /** Mean precision with the largest limit, over all that is not fixed. */
  precision({ iou, k, a = 0 }: { iou?: number; k?: number; a?: number }): number | null {
    const { R, A, M } = this.#shape;
    return this.#mean(this.curves.precision, { iou, k, inner: R, last: a * M + M - 1, perCategory: A * M });
  }

  /** Mean recall over all that is not fixed. */
  recall({ k, a = 0, m = this.#shape.M - 1 }: { k?: number; a?: number; m?: number }): number | null {
    const { A, M } = this.#shape;
    return this.#mean(this.curves.recall, { iou: undefined, k, inner: 1, last: a * M + m, perCategory: A * M });
  }

  /** Mean of the measured values of a [T, inner, K, perCategory] array at one place of the last axis. */
  #mean(
    values: Float64Array,
    pick: { iou: number | undefined; k: number | undefined; inner: number; perCategory: number; last: number },
  ): number | null {
    const { T, K } = this.#shape;
    const { iou, k, inner, perCategory, last } = pick;
    const measured = new Float64Array(T * inner * (k === undefined ? K : 1));
    let count = 0;
    for (let row = 0; row < T * inner; row++) {
      if (iou !== undefined && this.params.iouThresholds[Math.floor(row / inner)] !== iou) continue;
      for (let c = k ?? 0; c < (k === undefined ? K : k + 1); c++) {
        const value = values[(row * K + c) * perCategory + last]!;
        if (value > -1) measured[count++] = value;
      }
    }
    return count > 0 ? pairwiseMean(measured.subarray(0, count)) : null;
  }
}
