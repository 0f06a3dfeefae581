import { UsageError } from '../errors.js';

/** Objects of `min` to `max` square pixels, both ends included: one of exactly 32^2 is small and medium. */
export interface AreaRange {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

/** What is measured. The letters are COCO's own: T thresholds, R recalls, K categories, A area ranges, M detection limits. */
export interface EvalParams {
  /** [T] */
  readonly iouThresholds: Float64Array;
  /** [R] */
  readonly recallThresholds: Float64Array;
  /** [A] The first is the one that AP and AR without a suffix speak of. */
  readonly areaRanges: readonly AreaRange[];
  /** [M] Most detections an image (and category), ascending. All but the AR of the smaller ones use the largest. */
  readonly maxDets: readonly number[];
  /** False: one category for all, so that only the place of a box counts. */
  readonly useCats: boolean;
}

export interface EvalOptions {
  /** @default 0.5, 0.55, ... 0.95 */
  readonly iouThresholds?: readonly number[];
  /** @default all, and s / m / l divided at 32^2 and 96^2 square pixels */
  readonly areaRanges?: readonly AreaRange[];
  /** @default [1, 10, 100] */
  readonly maxDets?: readonly number[];
  /** @default true */
  readonly useCats?: boolean;
}

/** No object is larger; COCO's own bound. */
const largest = 1e10;

export const cocoAreaRanges: readonly AreaRange[] = [
  { name: 'all', min: 0, max: largest },
  { name: 's', min: 0, max: 32 ** 2 },
  { name: 'm', min: 32 ** 2, max: 96 ** 2 },
  { name: 'l', min: 96 ** 2, max: largest },
];

/**
 * `count` numbers from `first` to `last` as NumPy's linspace gives them: first + i * step, the last one exact. Not the
 * nearest doubles of the decimals: the ninth IoU threshold is 0.8999999999999999, and ten recall thresholds differ from
 * i / 100 in the last bit, which decides whether 7 found of 10 reach a recall of 0.7.
 */
function linspace(first: number, last: number, count: number): Float64Array {
  const step = (last - first) / (count - 1);
  return Float64Array.from({ length: count }, (_, i) => (i === count - 1 ? last : first + i * step));
}

export const cocoIouThresholds = linspace(0.5, 0.95, 10);
export const cocoRecallThresholds = linspace(0, 1, 101);

/** @throws UsageError if an option has no meaning */
export function resolveEvalParams(options: EvalOptions = {}): EvalParams {
  const { iouThresholds, areaRanges = cocoAreaRanges, maxDets = [1, 10, 100], useCats = true } = options;
  const limits = [...new Set(maxDets)].sort((a, b) => a - b);
  if (limits.length === 0 || limits.some((limit) => !Number.isInteger(limit) || limit < 1)) {
    throw new UsageError(`maxDets: expected whole numbers from 1, found [${maxDets.join(', ')}]`);
  }
  if (iouThresholds?.length === 0 || iouThresholds?.some((iou) => !(iou > 0 && iou <= 1))) {
    throw new UsageError(`iouThresholds: expected numbers above 0 up to 1, found [${iouThresholds.join(', ')}]`);
  }
  if (areaRanges.length === 0) throw new UsageError('areaRanges: expected at least one');
  return {
    iouThresholds: iouThresholds ? Float64Array.from(iouThresholds) : cocoIouThresholds,
    recallThresholds: cocoRecallThresholds,
    areaRanges,
    maxDets: limits,
    useCats,
  };
}
