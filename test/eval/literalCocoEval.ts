/**
 * COCO's box measure once more, slow and word for word as its definition goes: one image, one category, one area range,
 * one threshold at a time, on plain objects. It shares no code with src/eval, which the tests hold against it.
 */

export interface Truth {
  image_id: number;
  category_id: number;
  bbox: number[];
  area: number;
  iscrowd: 0 | 1;
}

export interface Detection {
  image_id: number;
  category_id: number;
  bbox: number[];
  score: number;
}

export interface Case {
  images: number[];
  categories: number[];
  truths: Truth[];
  detections: Detection[];
  maxDets: number[];
  areaRanges: [number, number][];
  useCats: boolean;
}

export interface Literal {
  /** [T, R, K, A, M] */
  precision: Float64Array;
  scores: Float64Array;
  /** [T, K, A, M] */
  recall: Float64Array;
}

const T = 10;
const iouThresholds = Array.from({ length: T }, (_, i) => (i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9)));
const recallThresholds = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));

const byFallingScore = <X extends { score: number }>(items: X[]): X[] =>
  items
    .map((item, i) => ({ item, i }))
    .sort((a, b) => b.item.score - a.item.score || a.i - b.i)
    .map(({ item }) => item);

function overlap(d: number[], g: number[], crowd: boolean): number {
  const w = Math.min(d[2]! + d[0]!, g[2]! + g[0]!) - Math.max(d[0]!, g[0]!);
  const h = Math.min(d[3]! + d[1]!, g[3]! + g[1]!) - Math.max(d[1]!, g[1]!);
  if (w <= 0 || h <= 0) return 0;
  const i = w * h;
  return i / (crowd ? d[2]! * d[3]! : d[2]! * d[3]! + g[2]! * g[3]! - i);
}

interface ImageResult {
  scores: number[];
  /** [T][D] */
  matched: boolean[][];
  ignored: boolean[][];
  objects: number;
}

function evaluateImage(
  truths: Truth[],
  found: Detection[],
  area: [number, number],
  maxDet: number,
): ImageResult | undefined {
  if (truths.length === 0 && found.length === 0) return undefined;
  const outside = (size: number) => size < area[0] || size > area[1];
  const flagged = truths.map((truth) => ({ truth, ignore: truth.iscrowd === 1 || outside(truth.area) }));
  const objects = [...flagged.filter(({ ignore }) => !ignore), ...flagged.filter(({ ignore }) => ignore)];
  const detections = byFallingScore(found).slice(0, maxDet);
  const ious = detections.map((d) => objects.map(({ truth }) => overlap(d.bbox, truth.bbox, truth.iscrowd === 1)));
  const matched: boolean[][] = [];
  const ignored: boolean[][] = [];
  for (const threshold of iouThresholds) {
    const used = objects.map(() => false);
    const rowMatched: boolean[] = [];
    const rowIgnored: boolean[] = [];
    for (const [d, { bbox }] of detections.entries()) {
      let iou = Math.min(threshold, 1 - 1e-10);
      let m = -1;
      for (let g = 0; g < objects.length; g++) {
        const { truth, ignore } = objects[g]!;
        if (used[g] && !truth.iscrowd) continue;
        if (m > -1 && !objects[m]!.ignore && ignore) break;
        const now = ious[d]![g]!;
        if (now < iou) continue;
        iou = now;
        m = g;
      }
      if (m > -1) used[m] = true;
      rowMatched.push(m > -1);
      rowIgnored.push(m > -1 ? objects[m]!.ignore : outside(bbox[2]! * bbox[3]!));
    }
    matched.push(rowMatched);
    ignored.push(rowIgnored);
  }
  return {
    scores: detections.map(({ score }) => score),
    matched,
    ignored,
    objects: flagged.filter(({ ignore }) => !ignore).length,
  };
}

export function literalCocoEval(input: Case): Literal {
  const images = [...input.images].sort((a, b) => a - b);
  const categories = [...input.categories].sort((a, b) => a - b);
  const groups = input.useCats ? categories.map((id) => [id]) : [categories];
  const maxDets = [...input.maxDets].sort((a, b) => a - b);
  const of = <X extends { image_id: number; category_id: number }>(items: X[], image: number, ids: number[]) =>
    ids.flatMap((id) => items.filter((item) => item.image_id === image && item.category_id === id));

  const cells = groups.map((ids) =>
    input.areaRanges.map((area) => {
      const perImage = images
        .map((image) =>
          evaluateImage(of(input.truths, image, ids), of(input.detections, image, ids), area, maxDets.at(-1)!),
        )
        .filter((result) => result !== undefined);
      return maxDets.map((maxDet) => accumulate(perImage, maxDet));
    }),
  );
  const sizes = { K: groups.length, A: input.areaRanges.length, M: maxDets.length };
  const count = T * sizes.K * sizes.A * sizes.M;
  const result = {
    precision: new Float64Array(count * recallThresholds.length),
    scores: new Float64Array(count * recallThresholds.length),
    recall: new Float64Array(count),
  };
  const flat = cells.flat(2);
  let at = 0;
  let atRecall = 0;
  for (let t = 0; t < T; t++) {
    for (let r = 0; r < recallThresholds.length; r++) {
      for (const cell of flat) {
        result.precision[at] = cell[t]!.precision[r]!;
        result.scores[at++] = cell[t]!.scores[r]!;
      }
    }
    for (const cell of flat) result.recall[atRecall++] = cell[t]!.recall;
  }
  return result;
}

interface Cell {
  precision: number[];
  scores: number[];
  recall: number;
}

/** [T] */
function accumulate(perImage: ImageResult[], maxDet: number): Cell[] {
  const objects = perImage.reduce((sum, image) => sum + image.objects, 0);
  return iouThresholds.map((_, t) => {
    if (perImage.length === 0 || objects === 0) {
      const nothing = recallThresholds.map(() => -1);
      return { precision: nothing, scores: nothing, recall: -1 };
    }
    const all = byFallingScore(
      perImage.flatMap(({ scores, matched, ignored }) =>
        scores.slice(0, maxDet).map((score, d) => ({ score, matched: matched[t]![d]!, ignored: ignored[t]![d]! })),
      ),
    );
    let tp = 0;
    let fp = 0;
    const curve = all.map(({ score, matched, ignored }) => {
      if (matched && !ignored) tp++;
      if (!matched && !ignored) fp++;
      return { score, recall: tp / objects, precision: tp / (fp + tp + 2 ** -52) };
    });
    for (let i = curve.length - 1; i > 0; i--) {
      curve[i - 1]!.precision = Math.max(curve[i - 1]!.precision, curve[i]!.precision);
    }
    const points = recallThresholds.map((r) => curve.find(({ recall }) => recall >= r));
    return {
      precision: points.map((point) => point?.precision ?? 0),
      scores: points.map((point) => point?.score ?? 0),
      recall: curve.at(-1)?.recall ?? 0,
    };
  });
}
