/**
 * The public API of cmtdet. Importing it loads neither tfjs nor TensorFlow: each function and model loads what it needs when
 * it is called. Nothing here prints. `cmtdet/eval` and `cmtdet/data` have the parts that never need TensorFlow.
 */
import type { Config } from './config/schema.js';
import type { ShapesFiles, ShapesOptions } from './data/shapes/generate.js';
import type { Classifier as LoadedClassifier } from './models/classifier.js';
import type { Detector as LoadedDetector } from './models/detector.js';
import type { CompareOptions, Comparison } from './run/compare.js';
import type { DemoOptions, DemoResult } from './run/demo.js';
import type { EvaluateOptions, Evaluation } from './run/evaluate.js';
import type { ClassifierEvaluation, EvaluateClassifierOptions } from './run/evaluateClassifier.js';
import type { ExportOptions, ExportResult } from './run/export.js';
import type { InfoOptions, ModelInfo } from './run/info.js';
import type { NewConfig, NewConfigOptions } from './run/newConfig/newConfig.js';
import type { PreciseBn, PreciseBnOptions } from './run/preciseBn.js';
import type { Predictions, PredictOptions } from './run/predict.js';
import type { ClassifierTrainingOptions } from './run/pretrain.js';
import type { PreviewOptions, PreviewSheet } from './run/preview.js';
import type { Profile, ProfileOptions } from './run/profile.js';
import type { ReplayedStep, ReplayOptions } from './run/replay.js';
import type { ReportOptions, WrittenReport } from './run/report.js';
import type { RunningServer, ServeOptions } from './run/serve.js';
import type { DetectorTrainingOptions } from './run/train.js';
import type { TrainedRun } from './run/training.js';
import type { EngineOptions } from './tensorflow/config.js';

export type { ClassificationConfig, Config, DetectionConfig } from './config/schema.js';
export type { BoxXywh, CocoAnnotation, CocoCategory, CocoFile, CocoId, CocoImage } from './data/coco/cocoFile.js';
export type { FormatName } from './data/coco/convert/formats.js';
export type { VocPixels } from './data/coco/convert/voc.js';
export type { DetectionColumns } from './data/coco/detectionColumns.js';
export { type ParseCocoOptions, parseCoco } from './data/coco/parseCoco.js';
export type { JsonInput } from './data/coco/records.js';
export { writeResults } from './data/coco/write.js';
export type { Category } from './data/detection/dataset.js';
export type { BrokenPicture } from './data/image/brokenPicture.js';
export type { RgbImage } from './data/image/image.js';
export type { Repair } from './data/repairs.js';
export type { ShapesFiles, ShapesOptions } from './data/shapes/generate.js';
export type { AnchorAdvice } from './detection/anchorAdvice.js';
export type { AnchorOptions } from './detection/anchors.js';
export type { Detection } from './detection/named.js';
export type { NmsOptions } from './detection/nms.js';
export type { Detections, InferenceOptions, ScoredBoxes } from './detection/postprocess.js';
export type { Tiling } from './detection/tiles.js';
export type { ViewOptions } from './detection/views.js';
export {
  AddressError,
  CheckpointError,
  CmtdetError,
  ConfigError,
  DatasetError,
  EngineError,
  ExportError,
  ImageError,
  InterruptedError,
  NonFiniteError,
  type Problem,
  UsageError,
} from './errors.js';
export type { Curves } from './eval/accumulate.js';
export { type CocoEvaluation, type DetectionSource, evaluateCoco, type NotScored } from './eval/cocoEval.js';
export type { AreaRange, EvalOptions, EvalParams } from './eval/evalParams.js';
export type { CategoryStats, CocoStats } from './eval/summarize.js';
export type { Difference } from './export/compare.js';
export type { Opset } from './export/onnx/onnxGraph.js';
export type { ResizeRule, Size } from './geometry/size.js';
export type { Accuracy } from './models/accuracy.js';
export type { ClassifierDescription, DetectorDescription } from './models/checkpoints/description.js';
export type { DetectedPicture, DetectOptions, PictureOptions, StreamOptions } from './models/detector.js';
export type { DetectorInput } from './models/detectorInput.js';
export type { ComparedRun, CompareOptions, Comparison, ConfigDifference } from './run/compare.js';
export type { DemoObserver, DemoOptions, DemoResult } from './run/demo.js';
export type { EvaluateOptions, Evaluation } from './run/evaluate.js';
export type { ClassifierEvaluation, EvaluateClassifierOptions } from './run/evaluateClassifier.js';
export type { Exchange } from './run/exchange.js';
export type { ExportOptions, ExportResult, Verification } from './run/export.js';
export type { InfoOptions, ModelInfo } from './run/info.js';
export type { ExportedNumbers, MeasureExportedOptions } from './run/measureExported.js';
export type { MemoryEstimate, MemoryReport } from './run/memory.js';
export type { InputSize } from './run/namedModel.js';
export type { Advice, Advised, Machine } from './run/newConfig/advise.js';
export type { NewConfig, NewConfigOptions } from './run/newConfig/newConfig.js';
export type { StartModel } from './run/newConfig/startModel.js';
export type { Observer } from './run/observer.js';
export type { OwnData, OwnDataOptions, OwnSplit } from './run/ownData.js';
export type { PreciseBn, PreciseBnOptions } from './run/preciseBn.js';
export type { Prediction, Predictions, PredictOptions } from './run/predict.js';
export type { PredictionForm } from './run/predictionFiles.js';
export type { ClassifierTrainingOptions } from './run/pretrain.js';
export type { PictureFacts, PreviewOptions, PreviewSheet } from './run/preview.js';
export type { OperationRow, Profile, ProfileOptions } from './run/profile.js';
export type { PictureLoss, ReplayedStep, ReplayOptions } from './run/replay.js';
export type { ReportOptions, WrittenReport } from './run/report.js';
export type { RunningServer, ServeOptions } from './run/serve.js';
export type { DetectorTrainingOptions } from './run/train.js';
export type { TrainedRun, TrainingObserver, TrainingOptions } from './run/training.js';
export type { EngineOptions } from './tensorflow/config.js';
export type { HostArray, HostTensor } from './tensorflow/hostTensor.js';
export type { Plan, PlannedInput, PlannedOperation, PlannedOutput } from './tensorflow/plan.js';
export type { OperationTiming, OperationTotal } from './tensorflow/timings.js';
export type { PreviewBox, PreviewPicture } from './train/preview.js';
export type { Replay, ReplayedBatch, ReplayedPicture } from './train/replay.js';
export type { DataEvents, Metrics, StepEvent, TrainObserver } from './train/task.js';

/** A trained detector, ready to be given pictures: {@link Detector.load} opens one. */
export type Detector = Omit<LoadedDetector, 'model' | 'refresh'>;

export const Detector = {
  /**
   * Reads a detector from a checkpoint of `train`.
   *
   * @throws CheckpointError when the file is damaged or of another kind
   * @example
   * const detector = await Detector.load('runs/cells/best.safetensors');
   * for (const { label, score, box } of await detector.detect('photo.jpg')) console.log(label, score, box);
   * await detector.dispose();
   */
  async load(path: string, engine?: EngineOptions): Promise<Detector> {
    return (await import('./models/detector.js')).Detector.load(path, engine);
  },
};

/** A trained classifier, ready to be given pictures: {@link Classifier.load} opens one. */
export type Classifier = Omit<LoadedClassifier, 'model' | 'refresh'>;

export const Classifier = {
  /**
   * Reads a classifier from a checkpoint of `pretrain`, or of the CMT authors (`.pth`, or safetensors with their names).
   *
   * @throws CheckpointError when the file is damaged, incomplete, or of another kind
   */
  async load(path: string, engine?: EngineOptions): Promise<Classifier> {
    return (await import('./models/classifier.js')).Classifier.load(path, engine);
  },
};

/**
 * Reads a config file, with its defaults filled in. Relative paths in it start at the working folder of the process.
 *
 * @param overrides changes, as `train.epochs=3`; a later one wins
 * @throws ConfigError with all problems, each with its line
 */
export async function loadConfig(file: string, overrides?: readonly string[]): Promise<Config> {
  return (await import('./config/load.js')).loadConfig(file, overrides);
}

/**
 * Looks at data in whatever form it is, converts and divides it where that is needed, and writes a config that {@link train} needs nothing
 * else for.
 *
 * @throws DatasetError where the form is unknown, there is nothing to learn, or with all that is wrong with the data
 * @throws UsageError where the config is there already, or is a file that is read
 * @example
 * const { config } = await newConfig({ data: 'photos', out: 'photos.yaml' });
 * await train({ config: await loadConfig(config), run: 'runs/photos' });
 */
export async function newConfig(options: NewConfigOptions): Promise<NewConfig> {
  return (await import('./run/newConfig/newConfig.js')).newConfig(options);
}

/**
 * Trains a detector on COCO json.
 *
 * @throws DatasetError with every problem of the data that can be seen before the first step
 * @throws NonFiniteError when a value stops being finite and `train.onNonFinite` is to stop
 * @throws InterruptedError when the signal was given; everything is saved
 * @example
 * const config = await loadConfig('photos.yaml', ['train.maxMinutes=30']);
 * const { checkpoint, metrics } = await train({ config, run: 'runs/cells' });
 */
export async function train(options: DetectorTrainingOptions): Promise<TrainedRun> {
  return (await import('./run/train.js')).train(options);
}

/**
 * Trains a classifier on class folders, whose backbone a detector can start with (`initFrom` of {@link train}).
 *
 * @throws DatasetError with every problem of the data that can be seen before the first step
 * @throws NonFiniteError when a value stops being finite and `train.onNonFinite` is to stop
 * @throws InterruptedError when the signal was given; everything is saved
 */
export async function pretrain(options: ClassifierTrainingOptions): Promise<TrainedRun> {
  return (await import('./run/pretrain.js')).pretrain(options);
}

/**
 * Runs a detector over a data set and measures it as COCO does.
 *
 * @throws DatasetError, CheckpointError with all that is wrong with a file
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  return (await import('./run/evaluate.js')).evaluate(options);
}

/**
 * Runs a classifier over class folders and counts what it gets right.
 *
 * @throws DatasetError, CheckpointError with all that is wrong with a file
 */
export async function evaluateClassifier(options: EvaluateClassifierOptions): Promise<ClassifierEvaluation> {
  return (await import('./run/evaluateClassifier.js')).evaluateClassifier(options);
}

/**
 * Finds objects in pictures, and draws them where a folder for that is given.
 *
 * @throws DatasetError when an input does not exist, or a folder has no picture
 * @throws CheckpointError when the checkpoint is damaged or of another kind
 */
export async function predict(options: PredictOptions): Promise<Predictions> {
  return (await import('./run/predict.js')).predict(options);
}

/**
 * Draws the first batches of a training run, as the network would see them.
 *
 * @throws DatasetError with every problem of the data that can be seen before the first step
 */
export async function preview(options: PreviewOptions): Promise<PreviewSheet[]> {
  return (await import('./run/preview.js')).preview(options);
}

/**
 * Writes a checkpoint with statistics of batch normalisation that are estimated anew over batches of training, and measures it.
 *
 * @throws UsageError when the network has no statistics that are learnt
 */
export async function preciseBn(options: PreciseBnOptions): Promise<PreciseBn> {
  return (await import('./run/preciseBn.js')).preciseBn(options);
}

/** An update of a run, done again without changing anything: what each picture cost, and the pictures as the network saw them. */
export async function replay(options: ReplayOptions): Promise<ReplayedStep> {
  return (await import('./run/replay.js')).replay(options);
}

/**
 * Writes a trained model for other programs, and compares what it wrote with cmtdet on pictures.
 *
 * @throws CheckpointError when the checkpoint is damaged
 * @throws ExportError when the model cannot be said in the format
 * @throws UsageError when an option means nothing for the format
 */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  return (await import('./run/export.js')).exportModel(options);
}

/**
 * Writes a run as one page to look at.
 *
 * @throws UsageError when the folder holds no run
 * @throws DatasetError when val is not where the config says; `measure: false` makes a smaller report without it
 */
export async function report(options: ReportOptions): Promise<WrittenReport> {
  return (await import('./run/report.js')).report(options);
}

/** Runs side by side: what they measured, and what differs in their configs. @throws UsageError when a folder holds no run */
export async function compare(options: CompareOptions): Promise<Comparison> {
  return (await import('./run/compare.js')).compare(options);
}

/**
 * Serves a detector behind HTTP until the server is closed.
 *
 * @throws AddressError when nothing can listen at host and port
 * @throws CheckpointError when the checkpoint is damaged or of another kind
 * @example
 * const server = await serve({ checkpoint: 'runs/cells/best.safetensors', port: 8080 });
 * // curl --data-binary @photo.jpg http://127.0.0.1:8080/detect
 * await server.close();
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  return (await import('./run/serve.js')).serve(options);
}

/** Parameters, operations and feature maps of a model. @throws UsageError when it is no file and no known name */
export async function info(options: InfoOptions): Promise<ModelInfo> {
  return (await import('./run/info.js')).info(options);
}

/** Where the time of a training step or of inference goes, operation by operation. */
export async function profile(options: ProfileOptions): Promise<Profile> {
  return (await import('./run/profile.js')).profile(options);
}

/**
 * Makes pictures, pretrains a small CMT, trains a detector with it, measures it, and draws what it finds: about nine minutes on two cores.
 * What an earlier demo left is replaced.
 *
 * @throws UsageError where something is in the folder that would be replaced, and no demo has made it
 * @throws InterruptedError when the signal was given
 */
export async function demo(options: DemoOptions): Promise<DemoResult> {
  return (await import('./run/demo.js')).demo(options);
}

/**
 * Makes a small data set to try things with: pictures of shapes with COCO json, and class folders. The same options give the
 * same pictures.
 *
 * @throws UsageError where something is in the folder that would be replaced, and no call of this has made it
 */
export async function generateShapes(folder: string, options?: ShapesOptions): Promise<ShapesFiles> {
  return (await import('./data/shapes/generate.js')).generateShapes(folder, options);
}
