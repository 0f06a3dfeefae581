import type { CocoEvaluation } from './cocoEval.js';

/** Precision by recall of one category, or the mean over those that were measured. */
export interface PrecisionRecallCurve {
  /** Of the category; null for the mean. */
  readonly id: number | null;
  readonly name: string;
  readonly iou: number;
  /** [101] At recalls 0, 0.01, ... 1; null where there is nothing to measure. */
  readonly precision: readonly number[] | null;
}

/** The curves of all categories and their mean at one IoU threshold, with the largest number of detections an image. */
export function precisionRecallCurves(evaluation: CocoEvaluation, iou = 0.5): PrecisionRecallCurve[] {
  const { params, curves, perCategory } = evaluation;
  const t = params.iouThresholds.indexOf(iou);
  if (t < 0) return [];
  const R = params.recallThresholds.length;
  const A = params.areaRanges.length;
  const M = params.maxDets.length;
  const K = Math.max(1, perCategory.length);
  const of = (k: number) =>
    Array.from({ length: R }, (_, r) => curves.precision[(((t * R + r) * K + k) * A + 0) * M + M - 1]!);
  const measured = (precision: number[]) => (precision[0]! < 0 ? null : precision);
  const each = perCategory.map(({ id, name }, k) => ({ id, name, iou, precision: measured(of(k)) }));
  if (each.length === 0) return [{ id: null, name: 'all', iou, precision: measured(of(0)) }];
  const known = each.flatMap(({ precision }) => (precision ? [precision] : []));
  const mean = Array.from(
    { length: R },
    (_, r) => known.reduce((sum, precision) => sum + precision[r]!, 0) / known.length,
  );
  return [{ id: null, name: 'mean', iou, precision: known.length > 0 ? mean : null }, ...each];
}
