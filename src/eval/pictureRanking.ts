/** Which pictures are worth a look. */
import type { EvalData } from './evalData.js';
import { isIgnored, type Verdict } from './verdicts.js';

/** One picture with what is in it and what was found. */
export interface JudgedPicture {
  /** Position of the image in the data. */
  readonly image: number;
  /** Rows of its objects, without crowd regions. */
  readonly objects: readonly number[];
  /** By falling score. */
  readonly verdicts: readonly Verdict[];
  /** Detections from the least score on that are right and wrong, and objects that none of them found. */
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
  /** Of those counts; 1 where there is nothing to find and nothing was found. */
  readonly f1: number;
  /** The highest score of a wrong detection; 0 without one. */
  readonly surprise: number;
}

/** Every picture of the data, in its order. @param leastScore from which detections count as right or wrong */
export function judgePictures(data: EvalData, verdicts: readonly Verdict[], leastScore: number): JudgedPicture[] {
  const { imageIds, groundTruth, detections } = data;
  const verdictsOf = imageIds.map((): Verdict[] => []);
  for (const verdict of verdicts) verdictsOf[detections.images[verdict.detection]!]!.push(verdict);
  const objectsOf = imageIds.map((): number[] => []);
  for (const [row, image] of groundTruth.images.entries()) {
    if (!isIgnored(groundTruth, row)) objectsOf[image]!.push(row);
  }
  return imageIds.map((_, image) => judgePicture(image, objectsOf[image]!, verdictsOf[image]!, leastScore));
}

function judgePicture(
  image: number,
  objects: readonly number[],
  verdicts: readonly Verdict[],
  leastScore: number,
): JudgedPicture {
  const kept = verdicts.filter(({ score, kind }) => score >= leastScore && kind !== 'ignored');
  const right = kept.filter(({ kind }) => kind === 'right').length;
  const wrong = kept.length - right;
  const sum = objects.length + kept.length;
  const mistakes = verdicts.filter(({ kind }) => kind !== 'right' && kind !== 'ignored');
  return {
    image,
    objects,
    verdicts,
    right,
    wrong,
    missed: objects.length - right,
    f1: sum > 0 ? (2 * right) / sum : 1,
    surprise: Math.max(0, ...mistakes.map(({ score }) => score)),
  };
}

export interface RankedPictures {
  /** By falling F1; of equal ones, those with more objects. Pictures without an object are none of these. */
  readonly best: readonly JudgedPicture[];
  /** By rising F1; of equal ones, those with more mistakes. */
  readonly worst: readonly JudgedPicture[];
  /** Where the surest of all mistakes are. */
  readonly surprising: readonly JudgedPicture[];
}

/** The first `count` of each kind; the best, the worst and the surprising ones may share pictures. */
export function rankPictures(pictures: readonly JudgedPicture[], count: number): RankedPictures {
  const mistakes = ({ wrong, missed }: JudgedPicture) => wrong + missed;
  return {
    best: pictures
      .filter(({ objects, right }) => objects.length > 0 && right > 0)
      .sort((a, b) => b.f1 - a.f1 || b.objects.length - a.objects.length)
      .slice(0, count),
    worst: pictures
      .filter((picture) => mistakes(picture) > 0)
      .sort((a, b) => a.f1 - b.f1 || mistakes(b) - mistakes(a))
      .slice(0, count),
    surprising: pictures
      .filter(({ surprise }) => surprise > 0)
      .sort((a, b) => b.surprise - a.surprise)
      .slice(0, count),
  };
}
