import type { DetectionConfig } from '../config/schema.js';
import type { EngineOptions } from '../tensorflow/config.js';
import { buildDetector } from './build.js';
import { describeDetector, numberedCategories } from './checkpoints/description.js';
import { Detector } from './detector.js';

/** The detector of a config, with weights as they are drawn. @param classes K, without names */
export function freshDetector(config: DetectionConfig, classes: number, engine?: EngineOptions): Detector {
  return new Detector(
    buildDetector(config.model, classes),
    describeDetector(config, numberedCategories(classes)),
    engine,
  );
}
