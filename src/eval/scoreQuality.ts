/** What scores are worth: how often a detection of some score is right, and which least score is the best to use. */
import type { Verdict } from './verdicts.js';

/** Detections whose scores lie in one tenth (or other share) of 0 ... 1. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Means over the bin; null where it is empty. */
  readonly score: number | null;
  readonly right: number | null;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /**
   * Expected calibration error: the mean distance of score and share of right detections, by bin, each detection counting alike
   * (Guo et al., "On Calibration of Modern Neural Networks", 2017, section 2). null without detections.
   */
  readonly error: number | null;
}

/** Verdicts that are `ignored` by COCO's rules say nothing here either. */
const counts = ({ kind }: Verdict): boolean => kind !== 'ignored';

export function calibration(verdicts: readonly Verdict[], bins = 10): Calibration {
  const sums = Array.from({ length: bins }, () => ({ count: 0, score: 0, right: 0 }));
  for (const { score, kind } of verdicts.filter(counts)) {
    const sum = sums[Math.min(bins - 1, Math.floor(score * bins))]!;
    sum.count++;
    sum.score += score;
    if (kind === 'right') sum.right++;
  }
  const total = sums.reduce((all, { count }) => all + count, 0);
  const distance = sums.reduce((all, { score, right }) => all + Math.abs(score - right), 0);
  return {
    bins: sums.map(({ count, score, right }, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      count,
      score: count > 0 ? score / count : null,
      right: count > 0 ? right / count : null,
    })),
    error: total > 0 ? distance / total : null,
  };
}

/** How a detector does that keeps detections from a score on, all classes together. */
export interface AtScore {
  readonly score: number;
  /** Share of the detections that are right; 1 where there is none. */
  readonly precision: number;
  /** Share of the objects that are found. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
}

/**
 * By least score, 0.01 ... 0.99.
 *
 * @param objects how many there are to find
 */
export function byLeastScore(verdicts: readonly Verdict[], objects: number): AtScore[] {
  const falling = verdicts.filter(counts).sort((a, b) => b.score - a.score);
  const found: AtScore[] = [];
  let [kept, right] = [0, 0];
  for (let percent = 99; percent >= 1; percent--) {
    const score = percent / 100;
    for (; kept < falling.length && falling[kept]!.score >= score; kept++) if (falling[kept]!.kind === 'right') right++;
    const [precision, recall] = [kept > 0 ? right / kept : 1, objects > 0 ? right / objects : 0];
    const f1 = kept + objects > 0 ? (2 * right) / (kept + objects) : 0;
    found.push({ score, precision, recall, f1 });
  }
  return found.reverse();
}

/** The least score of the highest F1; the middle one where several are as good. */
export function bestScore(sweep: readonly AtScore[]): AtScore {
  const most = Math.max(...sweep.map(({ f1 }) => f1));
  const best = sweep.filter(({ f1 }) => f1 === most);
  return best[Math.floor(best.length / 2)]!;
}
