/** Why a detector measures as it does: curves, confusions, and what its errors cost. Needs no TensorFlow. */

import { join } from 'node:path';
import type { CocoFile } from '../data/coco/cocoFile.js';
import type { DetectionColumns } from '../data/coco/detectionColumns.js';
import type { CocoEvaluation } from '../eval/cocoEval.js';
import { confusionMatrix } from '../eval/confusion.js';
import { precisionRecallCurves } from '../eval/curves.js';
import { type ErrorBreakdown, errorBreakdown } from '../eval/errorBreakdown.js';
import { prepareEvalData } from '../eval/evalData.js';
import { makeFolder } from '../formats/makeFolder.js';
import { writeWhole } from '../formats/writeWhole.js';

export interface AnalysisOptions {
  readonly evaluation: CocoEvaluation;
  readonly groundTruth: CocoFile;
  readonly detections: DetectionColumns;
  /** Where the detections are from, for messages. */
  readonly source: string;
  /** A folder for curves, confusions and errors, as JSON and as pictures. */
  readonly out: string;
}

const fileNames = [
  ...['evaluation.json', 'precision_recall.json', 'confusion.json', 'errors.json'],
  ...['precision_recall.png', 'confusion.png', 'errors.png'],
] as const;

/** The files that {@link writeAnalysis} writes. */
export const analysisFiles = (out: string): string[] => fileNames.map((name) => join(out, name));

/** A table of confusions has a number for each pair of categories. */
const mostConfused = 2000;

export interface Analysis extends ErrorBreakdown {
  /** Why there are no confusions; undefined where they were written. */
  readonly noConfusion: string | undefined;
}

/** Writes all of it, and returns what the errors cost. */
export async function writeAnalysis(options: AnalysisOptions): Promise<Analysis> {
  const { evaluation, groundTruth, detections, source, out } = options;
  const { drawConfusion, drawErrors, drawPrecisionRecall } = await import('../eval/plots.js'); // half a second to load
  const data = prepareEvalData(groundTruth, detections, { useCats: false, source });
  const curves = precisionRecallCurves(evaluation);
  const K = data.categories.length;
  const confusion = K > mostConfused ? undefined : confusionMatrix(data);
  const errors = errorBreakdown(data);
  const files: Partial<Record<(typeof fileNames)[number], string | Uint8Array>> = {
    'evaluation.json': JSON.stringify(evaluationJson(evaluation), null, 2),
    'precision_recall.json': JSON.stringify(curves),
    'errors.json': JSON.stringify(errors, null, 2),
    'precision_recall.png': await drawPrecisionRecall(curves),
    'errors.png': await drawErrors(errors),
    ...(confusion && { 'confusion.json': JSON.stringify(confusion), 'confusion.png': await drawConfusion(confusion) }),
  };
  makeFolder(out);
  for (const [name, content] of Object.entries(files)) await writeWhole(join(out, name), content);
  const noConfusion = confusion
    ? undefined
    : `no confusions: ${K} categories, and at most ${mostConfused} are compared`;
  return { ...errors, noConfusion };
}

/** The part of an evaluation that programs read. */
export function evaluationJson({ stats, perCategory, notScored, seconds, params }: CocoEvaluation) {
  return { stats, perCategory, notScored, seconds, maxDets: params.maxDets };
}
