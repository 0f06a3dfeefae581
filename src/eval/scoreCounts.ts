/** How many detections are right and wrong by their least score: precision by recall with its thresholds, as a person chooses them. */
import type { EvalData } from './evalData.js';
import { isIgnored, judge, usualThresholds, verdict } from './verdicts.js';

/** Of one category, or of all together. */
export interface ScoreCounts {
  readonly name: string;
  /** To find. */
  readonly objects: number;
  /** [N] Right detections of a score from i / (N - 1) on. */
  readonly right: readonly number[];
  /** [N] Wrong ones. */
  readonly wrong: readonly number[];
}

/** 0.29 x 100 is 28.999999999999996, and a score of 0.29 has reached the threshold 0.29. */
const rounding = 1e-9;

/**
 * All categories together, under the name `all`, then each that has objects or detections. Right is what COCO's matching at IoU 0.5 makes it.
 *
 * @param data prepared with `useCats: false`
 * @param thresholds N
 */
export function scoreCounts(data: EvalData, thresholds = 101): ScoreCounts[] {
  const { scores, kinds, categories: of } = judge(data, usualThresholds);
  const { groundTruth } = data;
  const objects = new Int32Array(data.categories.length);
  for (const [row, category] of groundTruth.categories.entries())
    if (!isIgnored(groundTruth, row)) objects[category]!++;

  const zeros = () => new Array<number>(thresholds).fill(0);
  const counts = data.categories.map(() => ({ right: zeros(), wrong: zeros() }));
  for (const [i, score] of scores.entries()) {
    if (kinds[i] === verdict.ignored) continue;
    const { right, wrong } = counts[of[i]!]!;
    const last = Math.floor(Math.min(1, Math.max(0, score)) * (thresholds - 1) + rounding);
    (kinds[i] === verdict.right ? right : wrong)[last]!++;
  }
  for (const list of counts.flatMap(({ right, wrong }) => [right, wrong]))
    for (let i = thresholds - 2; i >= 0; i--) list[i]! += list[i + 1]!;

  const all = { name: 'all', objects: sum(objects), right: zeros(), wrong: zeros() };
  for (const { right, wrong } of counts)
    for (let i = 0; i < thresholds; i++) {
      all.right[i]! += right[i]!;
      all.wrong[i]! += wrong[i]!;
    }
  const each = counts.map((count, k) => ({ name: data.categories[k]!.name, objects: objects[k]!, ...count }));
  return [all, ...each.filter(({ objects, right, wrong }) => objects + right[0]! + wrong[0]! > 0)];
}

const sum = (numbers: Int32Array): number => numbers.reduce((total, number) => total + number, 0);
