/** `cmtdet/eval`: COCO's detection measure and what explains it. Loads neither tfjs nor TensorFlow. */
import type { ConfusionMatrix } from './eval/confusion.js';
import type { PrecisionRecallCurve } from './eval/curves.js';
import type { ErrorBreakdown } from './eval/errorBreakdown.js';

export type { BoxXywh, CocoAnnotation, CocoCategory, CocoFile, CocoId, CocoImage } from './data/coco/cocoFile.js';
export { type DetectionColumns, DetectionColumnsBuilder } from './data/coco/detectionColumns.js';
export { type ParseCocoOptions, parseCoco } from './data/coco/parseCoco.js';
export { parseResults } from './data/coco/parseResults.js';
export type { JsonInput } from './data/coco/records.js';
export { writeResults } from './data/coco/write.js';
export type { Repair } from './data/repairs.js';
export { CmtdetError, DatasetError, type Problem, UsageError } from './errors.js';
export type { Curves } from './eval/accumulate.js';
export { type CocoEvaluation, type DetectionSource, evaluateCoco, type NotScored } from './eval/cocoEval.js';
export { type ConfusionMatrix, type ConfusionOptions, confusionMatrix } from './eval/confusion.js';
export { type PrecisionRecallCurve, precisionRecallCurves } from './eval/curves.js';
export {
  type ErrorBreakdown,
  type ErrorBreakdownOptions,
  type ErrorCost,
  errorBreakdown,
} from './eval/errorBreakdown.js';
export {
  type DetectedBoxes,
  type EvalData,
  type GroundTruthBoxes,
  type GroupedBoxes,
  prepareEvalData,
} from './eval/evalData.js';
export type { AreaRange, EvalOptions, EvalParams } from './eval/evalParams.js';
export type { CategoryStats, CocoStats } from './eval/summarize.js';
export type { ErrorKind, VerdictOptions } from './eval/verdicts.js';

/** Curves as a PNG. */
export async function drawPrecisionRecall(curves: readonly PrecisionRecallCurve[]): Promise<Buffer> {
  return (await import('./eval/plots.js')).drawPrecisionRecall(curves);
}

/** A confusion matrix as a PNG. */
export async function drawConfusion(matrix: ConfusionMatrix): Promise<Buffer> {
  return (await import('./eval/plots.js')).drawConfusion(matrix);
}

/** What errors cost, as a PNG. */
export async function drawErrors(breakdown: ErrorBreakdown): Promise<Buffer> {
  return (await import('./eval/plots.js')).drawErrors(breakdown);
}
