/**
 * The public API of cmtdet. `parseCoco` and `evaluateCoco` work without TensorFlow: the library is loaded by the first
 * model that is used, not by this import.
 */

export type { CocoAnnotation, CocoCategory, CocoFile, CocoImage } from './data/coco/cocoFile.js';
export { parseCoco } from './data/coco/parseCoco.js';
export {
  CheckpointError,
  CmtdetError,
  ConfigError,
  DatasetError,
  EngineError,
  ImageError,
  type Problem,
  UsageError,
} from './errors.js';
export { type CocoEvaluation, evaluateCoco } from './eval/cocoEval.js';
export type { CategoryStats, CocoStats } from './eval/summarize.js';
export { Classifier } from './models/classifier.js';
export { type Detection, type DetectOptions, Detector } from './models/detector.js';
