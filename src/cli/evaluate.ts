/** `cmtdet evaluate`: a checkpoint on a data set, or given results. */
import { parseCoco } from '../data/coco/parseCoco.js';
import { parseResults } from '../data/coco/parseResults.js';
import { writeResults } from '../data/coco/write.js';
import { UsageError } from '../errors.js';
import { evaluateCoco } from '../eval/cocoEval.js';
import type { EvalOptions } from '../eval/evalParams.js';
import { analysisFiles } from '../run/analysis.js';
import { refuseOptions } from '../run/refuseOptions.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { note, print, printJson, table, warn } from './console.js';
import { dataObserver } from './dataObserver.js';
import { type Measured, reportEvaluation } from './evaluationReport.js';
import { LiveLine } from './liveLine.js';

export interface EvaluateCommandOptions {
  readonly annotations?: string;
  readonly images?: string;
  /** COCO results, plain or gzip. */
  readonly results?: string;
  readonly saveResults?: string;
  readonly batchSize?: number;
  readonly skipBroken?: boolean;
  /** Looks at each picture mirrored too. */
  readonly flip?: boolean;
  /** Looks at each picture in several sizes. */
  readonly scales?: readonly number[];
  /** Most detections an image; 1, 10, 100 unless given. */
  readonly maxDets?: readonly number[];
  /** All categories count as one. */
  readonly classAgnostic?: boolean;
  /** Print all digits. */
  readonly precision?: boolean;
  /** A folder for curves, confusions and the error breakdown, as JSON and pictures. */
  readonly out?: string;
  readonly json?: boolean;
}

/** The options that mean something for given results, and for a classifier; for a detector all do but `results`. */
const takes = {
  results: ['annotations', 'results', 'maxDets', 'classAgnostic', 'precision', 'out', 'json'],
  classifier: ['images', 'batchSize', 'skipBroken', 'json'],
} as const satisfies Readonly<Record<string, readonly (keyof EvaluateCommandOptions)[]>>;

export async function runEvaluate(checkpoint: string | undefined, options: EvaluateCommandOptions): Promise<void> {
  const { annotations, results, images, saveResults, out } = options;
  const outputs = [saveResults, ...(out === undefined ? [] : analysisFiles(out))];
  refuseOverwriting(outputs, [checkpoint, annotations, results]);
  if (checkpoint === undefined) {
    if (annotations === undefined || results === undefined) {
      throw new UsageError(
        'without a checkpoint there is nothing to run: give --annotations and --results, or a checkpoint',
      );
    }
    refuseOptions(options, takes.results, '--results: give a checkpoint instead');
    return reportEvaluation(measureResults(annotations, results, options), 'read', options);
  }
  if (results !== undefined) throw new UsageError('give a checkpoint or --results, not both');
  if (images === undefined) throw new UsageError('a checkpoint needs pictures: --images FOLDER');
  const { readDescription } = await import('../models/checkpoints/modelFile.js'); // what follows loads TensorFlow
  if (readDescription(checkpoint).kind === 'classifier') {
    refuseOptions(options, takes.classifier, `a classifier, and ${checkpoint} is one`);
    return reportClassifier(checkpoint, images, options);
  }
  if (annotations === undefined) throw new UsageError('a detector needs ground truth: --annotations FILE');
  return reportEvaluation(await measureDetector(checkpoint, annotations, images, options), 'found', options);
}

/** Measures given results. Loads neither a model nor TensorFlow. */
function measureResults(annotations: string, results: string, options: EvaluateCommandOptions): Measured {
  const started = performance.now();
  const groundTruth = parseCoco(annotations, { onUnknown: 'leaveOut' });
  const detections = parseResults(results);
  const load = (performance.now() - started) / 1000;
  for (const { message } of groundTruth.repairs) warn(`${annotations}: ${message}`);
  const evaluation = evaluateCoco(groundTruth, detections, evalOptions(options));
  const seconds = { ...evaluation.seconds, load };
  return { evaluation: { ...evaluation, seconds }, groundTruth, detections, source: results };
}

async function measureDetector(
  checkpoint: string,
  annotations: string,
  images: string,
  options: EvaluateCommandOptions,
): Promise<Measured> {
  const { evaluate } = await import('../run/evaluate.js');
  const { flip, scales } = options;
  const data = { checkpoint, annotations, images, flip, scales };
  const evaluation = await watched((settings) => evaluate({ ...data, ...evalOptions(options), ...settings }), options);
  const { groundTruth, detections, skipped } = evaluation;
  if (skipped.length > 0) warn(`${skipped.length} pictures could not be read: their objects count as missed`);
  if (options.saveResults !== undefined) {
    await writeResults(options.saveResults, detections);
    note(`detections: ${options.saveResults}`);
  }
  return { evaluation, groundTruth, detections, source: checkpoint };
}

async function reportClassifier(checkpoint: string, images: string, options: EvaluateCommandOptions): Promise<void> {
  const { evaluateClassifier } = await import('../run/evaluateClassifier.js');
  const { top1, top5 } = await watched((settings) => evaluateClassifier({ checkpoint, images, ...settings }), options);
  if (options.json) printJson({ top1, top5 });
  else {
    const rows = Object.entries({ top1, top5 }).map(([name, value]) => [name, value?.toFixed(4) ?? 'n/a']);
    print(table(['metric', 'val'], rows));
  }
}

/** Runs `measure` with the settings that both kinds of models share, and shows how far it is. */
async function watched<T>(
  measure: (settings: ReturnType<typeof sharedSettings>) => Promise<T>,
  options: EvaluateCommandOptions,
): Promise<T> {
  const line = new LiveLine();
  return measure(sharedSettings(options, line)).finally(() => line.clear());
}

function sharedSettings({ batchSize, skipBroken }: EvaluateCommandOptions, line: LiveLine) {
  const onProgress = (done: number, total: number) => line.update(`${done} of ${total} pictures`);
  return {
    batchSize,
    onBroken: skipBroken ? 'skip' : 'stop',
    howToSkip: '--skip-broken',
    observer: { ...dataObserver(), onProgress },
  } as const;
}

function evalOptions({ maxDets, classAgnostic }: EvaluateCommandOptions): EvalOptions {
  return { ...(maxDets ? { maxDets } : {}), useCats: !classAgnostic };
}
