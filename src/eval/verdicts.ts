/** What each detection is: right, or which kind of wrong. The kinds are those of Bolya et al., "TIDE" (2020, arXiv 2008.08115). */
import type { EvalData } from './evalData.js';
import { cocoAreaRanges } from './evalParams.js';
import { type ImageBoxes, imagesOf } from './imageBoxes.js';
import { iouMatrix } from './iou.js';
import { sortByFallingScore } from './scoreOrder.js';

/**
 * - `classification`: on an object of another category
 * - `localisation`: category right, overlap too small
 * - `both`: overlap too small, and with an object of another category
 * - `duplicate`: on an object that a better detection found
 * - `background`: on nothing
 * - `missed`: an object that no detection found, nor just missed by category or place
 */
export const errorKinds = ['classification', 'localisation', 'both', 'duplicate', 'background', 'missed'] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface VerdictOptions {
  /** Overlap from which a detection is on an object. @default 0.5 */
  readonly iou: number;
  /** Overlap below which a detection is on nothing. @default 0.1 */
  readonly backgroundIou: number;
  /** Most detections an image and category. @default 100 */
  readonly maxDets: number;
}

/** Where nothing else is asked for. */
export const usualThresholds: VerdictOptions = { iou: 0.5, backgroundIou: 0.1, maxDets: 100 };

/** What becomes of a detection; the last one only after an oracle has been at work. */
export const verdict = {
  right: 0,
  ignored: 1,
  classification: 2,
  localisation: 3,
  both: 4,
  duplicate: 5,
  background: 6,
  removed: 7,
} as const satisfies Record<Exclude<ErrorKind, 'missed'> | 'right' | 'ignored' | 'removed', number>;

type Kind = (typeof verdict)[keyof typeof verdict];

/** The detections with their verdicts, by falling score: columns, since there are half a million of them on COCO's val set. */
export interface Verdicts {
  /** Row of the detection. */
  readonly rows: Int32Array;
  readonly scores: Float64Array;
  /** Of the detection, or of its object once an oracle has put that right. */
  readonly categories: Int32Array;
  readonly kinds: Uint8Array;
  /** Row of the object that a `classification` or `localisation` error is about, or that a right detection found; else -1. */
  readonly objects: Int32Array;
}

/** One detection with its verdict; rows are those of the data. */
export interface Verdict {
  /** Row of the detection. */
  readonly detection: number;
  /** Position of its category. */
  readonly category: number;
  readonly score: number;
  readonly kind: 'right' | 'ignored' | Exclude<ErrorKind, 'missed'>;
  /** Row of the object that a `classification` or `localisation` error is about, or that a right detection found; else -1. */
  readonly object: number;
}

const kindNames = Object.keys(verdict) as (keyof typeof verdict)[];

/** The same one by one, by falling score. */
export function verdictList({ rows, scores, categories, kinds, objects }: Verdicts): Verdict[] {
  return Array.from(rows, (detection, i) => ({
    detection,
    category: categories[i]!,
    score: scores[i]!,
    kind: kindNames[kinds[i]!] as Verdict['kind'],
    object: objects[i]!,
  }));
}

/**
 * The verdict on every detection. Since a better-scored one has the first choice of objects, the verdicts above any score are those of a
 * detector that gives no lower ones.
 *
 * @param data prepared with `useCats: false`
 */
export function judge(data: EvalData, thresholds: VerdictOptions): Verdicts {
  const limit = data.detections.scores.length;
  const [scores, given] = [new Float64Array(limit), new Int32Array(4 * limit)];
  let count = 0;
  for (const image of imagesOf(data, -Infinity))
    judgeImage(data, image, thresholds, (row, kind, object) => {
      scores[count] = data.detections.scores[row]!;
      given.set([data.detections.categories[row]!, kind, object, row], 4 * count++);
    });
  const order = Int32Array.from({ length: count }, (_, i) => i);
  sortByFallingScore(order, 0, count, scores, new Int32Array(count));
  const verdicts: Verdicts = {
    rows: new Int32Array(count),
    scores: new Float64Array(count),
    categories: new Int32Array(count),
    kinds: new Uint8Array(count),
    objects: new Int32Array(count),
  };
  for (let i = 0; i < count; i++) {
    const from = order[i]!;
    verdicts.scores[i] = scores[from]!;
    verdicts.categories[i] = given[4 * from]!;
    verdicts.kinds[i] = given[4 * from + 1]!;
    verdicts.objects[i] = given[4 * from + 2]!;
    verdicts.rows[i] = given[4 * from + 3]!;
  }
  return verdicts;
}

/** Gives the verdict on each detection of an image, by falling score. Right ones are those of COCO's matching. */
function judgeImage(
  data: EvalData,
  image: ImageBoxes,
  { iou, backgroundIou, maxDets }: VerdictOptions,
  give: (row: number, kind: Kind, object: number) => void,
): void {
  const { groundTruth, detections } = data;
  const { truth, G, rows } = image;
  const { ious } = iouMatrix(groundTruth, truth, G, detections.boxesXywh, rows);
  const taken = new Set<number>();
  const seen = new Map<number, number>();

  /** The object (or crowd region) with the largest overlap, the later one of equals; -1 if none suits. */
  const best = (d: number, suits: (g: number) => boolean): { g: number; overlap: number } => {
    let at = { g: -1, overlap: 0 };
    for (let g = 0; g < G; g++) {
      const overlap = ious[d * G + g]!;
      if (overlap >= at.overlap && overlap > 0 && suits(g)) at = { g, overlap };
    }
    return at;
  };

  for (const [d, row] of rows.entries()) {
    const category = detections.categories[row]!;
    const rank = seen.get(category) ?? 0;
    seen.set(category, rank + 1);
    if (rank >= maxDets) continue;
    const isCrowd = (g: number) => isIgnored(groundTruth, truth + g);
    const same = (g: number) => groundTruth.categories[truth + g] === category;

    const free = best(d, (g) => same(g) && !isCrowd(g) && !taken.has(g));
    if (free.overlap >= iou) {
      taken.add(free.g);
      give(row, verdict.right, truth + free.g);
      continue;
    }
    const area = detections.boxesXywh[4 * row + 2]! * detections.boxesXywh[4 * row + 3]!;
    if (outside(area) || best(d, (g) => same(g) && isCrowd(g)).overlap >= iou) {
      give(row, verdict.ignored, -1);
      continue;
    }
    const own = best(d, (g) => same(g) && !isCrowd(g));
    const other = best(d, (g) => !same(g) && !isCrowd(g));
    if (own.overlap >= backgroundIou && own.overlap < iou) give(row, verdict.localisation, truth + own.g);
    else if (other.overlap >= iou) give(row, verdict.classification, truth + other.g);
    else if (own.overlap >= iou) give(row, verdict.duplicate, -1);
    else give(row, Math.max(own.overlap, other.overlap) < backgroundIou ? verdict.background : verdict.both, -1);
  }
}

/** COCO's widest range still leaves out boxes of negative area. */
function outside(area: number): boolean {
  const { min, max } = cocoAreaRanges[0]!;
  return area < min || area > max;
}

/** True for crowd regions and objects that COCO does not count. */
export function isIgnored({ crowd, areas }: EvalData['groundTruth'], row: number): boolean {
  return crowd[row] === 1 || outside(areas[row]!);
}
