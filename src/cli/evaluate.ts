/** `cmtdet evaluate`: a checkpoint on a data set, or given results. */

import { UsageError } from '../errors.js';
import { decoderModule } from '../tensorflow/jpegDecoder.js';
import { note, print, printJson, table, warn } from './console.js';
import { type EvaluateResultsOptions, measureAndReport, runEvaluateResults } from './evaluateResults.js';
import { LiveLine } from './liveLine.js';
import { SkippedPictures } from './skippedPictures.js';

export interface EvaluateOptions extends Omit<EvaluateResultsOptions, 'annotations' | 'results'> {
  readonly annotations?: string;
  readonly results?: string;
  readonly images?: string;
  readonly saveResults?: string;
  readonly batchSize?: number;
  readonly skipBroken?: boolean;
}

export async function evaluate(checkpoint: string | undefined, options: EvaluateOptions): Promise<void> {
  const { annotations, results, images } = options;
  if (checkpoint === undefined) {
    if (annotations === undefined || results === undefined) {
      throw new UsageError(
        'without a checkpoint there is nothing to run: give --annotations and --results, or a checkpoint',
      );
    }
    return runEvaluateResults({ ...options, annotations, results });
  }
  if (results !== undefined) throw new UsageError('give a checkpoint or --results, not both');
  if (images === undefined) throw new UsageError('a checkpoint needs pictures: --images FOLDER');
  const { readDescription } = await import('../models/modelFile.js'); // what follows loads TensorFlow
  if (readDescription(checkpoint).kind === 'classifier') return evaluateClassifierOn(checkpoint, images, options);
  if (annotations === undefined) throw new UsageError('a detector needs ground truth: --annotations FILE');
  return evaluateDetectorOn(checkpoint, annotations, images, options);
}

async function evaluateDetectorOn(
  checkpoint: string,
  annotations: string,
  images: string,
  options: EvaluateOptions,
): Promise<void> {
  const started = performance.now();
  const { Detector } = await import('../models/detector.js');
  const { detectAll } = await import('../models/evaluateDetector.js');
  const { byFileName, checkSameCategories, evaluationLoader, openSplit } = await import('../train/detectionData.js');
  const { writeResults } = await import('../data/coco/write.js');
  const split = { annotations, images, limit: null };
  const policy = options.skipBroken ? 'skip' : 'stop';
  const { onSkipped, onLooked } = new SkippedPictures();
  const { coco, dataset } = await openSplit(split, {
    empty: 'keep',
    missing: policy,
    onBroken: policy,
    howToSkip: '--skip-broken',
    onLooked,
  });
  const detector = Detector.load(checkpoint);
  checkSameCategories(detector, dataset, annotations);
  for (const { at, message } of dataset.summary.broken) onSkipped({ file: at, reason: message });
  const loader = evaluationLoader(dataset, detector.description.input, options.batchSize ?? 1, {
    onBroken: policy,
    onSkipped: byFileName(images, onSkipped),
  });
  const line = new LiveLine();
  try {
    const total = dataset.records.length;
    const detections = await detectAll(detector, loader, (done) => line.update(`${done} of ${total} pictures`));
    line.clear();
    const unread = dataset.summary.broken.length + loader.skipped().length;
    if (unread > 0) warn(`${unread} pictures could not be read: their objects count as missed`);
    if (options.saveResults !== undefined) {
      await writeResults(options.saveResults, detections);
      note(`detections: ${options.saveResults}`);
    }
    await measureAndReport(coco, detections, (performance.now() - started) / 1000, { ...options, source: checkpoint });
  } finally {
    line.clear();
    await loader.close();
    await detector.dispose();
  }
}

async function evaluateClassifierOn(checkpoint: string, images: string, options: EvaluateOptions): Promise<void> {
  const { Classifier } = await import('../models/classifier.js');
  const { evaluateClassifier } = await import('../models/evaluateClassifier.js');
  const { readDescription } = await import('../models/modelFile.js');
  const { EvaluationLoader } = await import('../data/classification/evaluationLoader.js');
  const { openClassificationDataset } = await import('../data/classification/openDataset.js');
  const { readablePart } = await import('../data/classification/readable.js');
  const description = readDescription(checkpoint);
  if (description.kind !== 'classifier') return;
  const onBroken = options.skipBroken ? 'skip' : 'stop';
  const { onSkipped, onLooked } = new SkippedPictures();
  const dataset = await readablePart(await openClassificationDataset(images, { classes: description.classes }), {
    onBroken,
    onSkipped,
    howToSkip: '--skip-broken',
    onLooked,
  });
  const classifier = Classifier.load(checkpoint);
  const loader = new EvaluationLoader({
    dataset,
    batchSize: options.batchSize ?? 8,
    transform: description.input,
    decoder: decoderModule,
    onBroken,
    onSkipped,
  });
  const line = new LiveLine();
  try {
    const accuracy = await evaluateClassifier(classifier, loader, (done) =>
      line.update(`${done} of ${loader.count} pictures`),
    );
    line.clear();
    if (options.json) printJson(accuracy);
    else
      print(
        table(
          ['metric', 'val'],
          Object.entries(accuracy).map(([name, value]) => [name, value?.toFixed(4) ?? 'n/a']),
        ),
      );
  } finally {
    line.clear();
    await loader.close();
    await classifier.dispose();
  }
}
