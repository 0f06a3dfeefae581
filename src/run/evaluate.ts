/** Runs a detector over a data set and measures it. */
import type { CocoFile } from '../data/coco/cocoFile.js';
import type { DetectionColumns } from '../data/coco/detectionColumns.js';
import type { BrokenPicture } from '../data/image/brokenPicture.js';
import { scaledRule, type View, type ViewOptions, viewsOf } from '../detection/views.js';
import { type CocoEvaluation, evaluateCoco } from '../eval/cocoEval.js';
import type { EvalOptions } from '../eval/evalParams.js';
import { Detector } from '../models/detector.js';
import { detectAllInViews } from '../models/evaluateDetector.js';
import { byFileName, checkSameCategories, evaluationLoader, openSplit, tellOfSplit } from '../train/detectionData.js';
import { dataEvents, type Observer } from './observer.js';

export interface EvaluateOptions extends EvalOptions, ViewOptions {
  /** Of `train`. */
  readonly checkpoint: string;
  /** COCO json. */
  readonly annotations: string;
  /** Folder of the pictures that the annotations name. */
  readonly images: string;
  /** Measures on the first so many pictures alone. @default all */
  readonly limit?: number | null | undefined;
  /** Pictures at a time; no number depends on it. @default 1 */
  readonly batchSize?: number | undefined;
  /** What pictures that are missing or cannot be read do: end it all, or count as pictures in which nothing was found. @default 'stop' */
  readonly onBroken?: 'stop' | 'skip' | undefined;
  /** What the message of `stop` says about going on without them. */
  readonly howToSkip?: string | undefined;
  readonly observer?: Observer | undefined;
}

export interface Evaluation extends CocoEvaluation {
  readonly groundTruth: CocoFile;
  /** All that was found; `writeResults` writes it as COCO results. */
  readonly detections: DetectionColumns;
  /** Pictures that could not be read. Their objects count as missed. */
  readonly skipped: readonly BrokenPicture[];
}

/** @throws DatasetError, CheckpointError with all that is wrong with a file */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { checkpoint, annotations, images, limit = null, onBroken = 'stop', howToSkip = "onBroken: 'skip'" } = options;
  const started = performance.now();
  const { observer = {}, batchSize = 1 } = options;
  const skipped: BrokenPicture[] = [];
  const events = dataEvents(observer);
  const onSkipped = (picture: BrokenPicture) => {
    skipped.push(picture);
    events.onSkipped(picture);
  };
  const split = { annotations, images, limit };
  const policy = { empty: 'keep', missing: onBroken, onBroken, howToSkip, onLooked: events.onLooked } as const;
  const opened = await openSplit(split, policy);
  const { coco, dataset } = opened;
  tellOfSplit(opened, annotations, { ...events, onSkipped });
  const detector = Detector.load(checkpoint);
  try {
    checkSameCategories(detector, dataset, annotations);
    const views = viewsOf(options);
    const openLoader = (view: View) =>
      evaluationLoader(dataset, scaledRule(detector.description.input, view.scale), batchSize, {
        flip: view.mirror ? 1 : 0,
        onBroken,
        onSkipped: view === views[0] ? byFileName(images, onSkipped) : () => {}, // it is broken in every view
      });
    const total = dataset.records.length * views.length;
    const detections = await detectAllInViews(detector, views, openLoader, (done) =>
      observer.onProgress?.(done, total, 'pictures'),
    );
    const load = (performance.now() - started) / 1000;
    const evaluation = evaluateCoco(coco, detections, options);
    const seconds = { ...evaluation.seconds, load };
    return { ...evaluation, seconds, groundTruth: coco, detections, skipped };
  } finally {
    await detector.dispose();
  }
}
