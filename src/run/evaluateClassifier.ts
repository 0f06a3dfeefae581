/** Runs a classifier over class folders and counts what it gets right. */
import { EvaluationLoader } from '../data/classification/evaluationLoader.js';
import { openClassificationDataset } from '../data/classification/openDataset.js';
import { readablePart } from '../data/classification/readable.js';
import type { BrokenPicture } from '../data/image/brokenPicture.js';
import { CheckpointError } from '../errors.js';
import { type Accuracy, accuracyOf, countCorrect } from '../models/accuracy.js';
import { readDescription } from '../models/checkpoints/modelFile.js';
import { Classifier } from '../models/classifier.js';
import { decoderModule } from '../tensorflow/jpegDecoder.js';
import { dataEvents, type Observer } from './observer.js';

export interface EvaluateClassifierOptions {
  /** Of `pretrain`. */
  readonly checkpoint: string;
  /** A folder with a folder for each class, or a tar file of it. */
  readonly images: string;
  /** Pictures at a time; no number depends on it. @default 8 */
  readonly batchSize?: number | undefined;
  /** What pictures that cannot be read do: end it all, or be left out of the measure. @default 'stop' */
  readonly onBroken?: 'stop' | 'skip' | undefined;
  /** What the message of `stop` says about going on without them. */
  readonly howToSkip?: string | undefined;
  readonly observer?: Observer | undefined;
}

export interface ClassifierEvaluation extends Accuracy {
  /** Pictures that were not counted, since they could not be read. */
  readonly skipped: readonly BrokenPicture[];
}

/** @throws DatasetError, CheckpointError with all that is wrong with a file */
export async function evaluateClassifier(options: EvaluateClassifierOptions): Promise<ClassifierEvaluation> {
  const { checkpoint, images, batchSize = 8, onBroken = 'stop', howToSkip = "onBroken: 'skip'" } = options;
  const { observer = {} } = options;
  const description = readDescription(checkpoint);
  if (description.kind !== 'classifier') {
    const message = `expected a classifier, found a ${description.kind}`;
    throw new CheckpointError(checkpoint, [{ at: 'kind', message }]);
  }
  const skipped: BrokenPicture[] = [];
  const events = dataEvents(observer);
  const onSkipped = (picture: BrokenPicture) => {
    skipped.push(picture);
    events.onSkipped(picture);
  };
  const opened = await openClassificationDataset(images, { classes: description.classes });
  const dataset = await readablePart(opened, { ...events, onBroken, onSkipped, howToSkip });
  const classifier = Classifier.load(checkpoint);
  const transform = description.input;
  const { colourProfiles } = transform;
  const reading = { decoder: decoderModule, colourProfiles, onBroken, onSkipped };
  const loader = new EvaluationLoader({ dataset, batchSize, transform, ...reading });
  try {
    const correct = await countCorrect(classifier, loader, (done) =>
      observer.onProgress?.(done, loader.count, 'pictures'),
    );
    return { ...accuracyOf([correct]), skipped };
  } finally {
    await loader.close();
    await classifier.dispose();
  }
}
