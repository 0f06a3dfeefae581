/** `cmtdet/data`: annotations, read, checked, converted and written. Loads neither tfjs nor TensorFlow. */
import type { CocoFile } from './data/coco/cocoFile.js';
import type { VocOptions } from './data/coco/convert/voc.js';
import type { YoloOptions } from './data/coco/convert/yolo.js';

export type { BoxXywh, CocoAnnotation, CocoCategory, CocoFile, CocoId, CocoImage } from './data/coco/cocoFile.js';
export type { VocOptions, VocPixels } from './data/coco/convert/voc.js';
export type { YoloOptions } from './data/coco/convert/yolo.js';
export { type DetectionColumns, DetectionColumnsBuilder } from './data/coco/detectionColumns.js';
export {
  type BoxFault,
  type CocoHealth,
  cleanCoco,
  cocoHealth,
  type Spread,
  sharedFileNames,
} from './data/coco/health.js';
export { type ParseCocoOptions, parseCoco } from './data/coco/parseCoco.js';
export { parseResults } from './data/coco/parseResults.js';
export type { JsonInput } from './data/coco/records.js';
export { writeCoco, writeResults } from './data/coco/write.js';
export { CmtdetError, DatasetError, ImageError, type Problem, UsageError } from './errors.js';

/** Converts a folder of PASCAL VOC `.xml` files. @throws DatasetError with every file that is no such thing */
export async function vocToCoco(folder: string, options: VocOptions): Promise<CocoFile> {
  return (await import('./data/coco/convert/voc.js')).vocToCoco(folder, options);
}

/** Converts YOLO labels. @throws DatasetError with every line that is no label */
export async function yoloToCoco(options: YoloOptions): Promise<CocoFile> {
  return (await import('./data/coco/convert/yolo.js')).yoloToCoco(options);
}

/** Converts a folder of LabelMe `.json` files. @throws DatasetError with every file that is no such thing */
export async function labelmeToCoco(folder: string): Promise<CocoFile> {
  return (await import('./data/coco/convert/labelme.js')).labelmeToCoco(folder);
}
