/** `cmtdet/data`: annotations, read, checked, converted and written. Loads neither tfjs nor TensorFlow. */
import type { CocoFile } from './data/coco/cocoFile.js';
import type { FormatName, FormatOptions } from './data/coco/convert/formats.js';
import type { Conversion, ToCocoOptions } from './data/coco/convert/toCoco.js';
import type { VocOptions } from './data/coco/convert/voc.js';

export type { BoxXywh, CocoAnnotation, CocoCategory, CocoFile, CocoId, CocoImage } from './data/coco/cocoFile.js';
export type { FormatName, FormatOptions } from './data/coco/convert/formats.js';
export type { Conversion, ToCocoOptions } from './data/coco/convert/toCoco.js';
export type { VocOptions, VocPixels } from './data/coco/convert/voc.js';
export { type DetectionColumns, DetectionColumnsBuilder } from './data/coco/detectionColumns.js';
export { type CocoHealth, cleanCoco, cocoHealth, type Spread, sharedFileNames } from './data/coco/health.js';
export { type MergePart, mergeCoco } from './data/coco/merge.js';
export { type ParseCocoOptions, parseCoco } from './data/coco/parseCoco.js';
export { parseResults } from './data/coco/parseResults.js';
export type { JsonInput } from './data/coco/records.js';
export { type Split, type SplitOptions, splitCoco } from './data/coco/split.js';
export type { BoxFault } from './data/coco/usableBox.js';
export { writeCoco, writeResults } from './data/coco/write.js';
export type { Repair } from './data/repairs.js';
export { CmtdetError, DatasetError, ImageError, type Problem, UsageError } from './errors.js';

export interface ConvertOptions extends FormatOptions, ToCocoOptions {
  readonly from: FormatName;
}

export interface YoloOptions {
  /** Pictures; sizes are read from them, upright. */
  readonly images: string;
  /** One `.txt` a picture, at the same path: lines of `class x y width height` (or a polygon), as shares of its size. */
  readonly labels: string;
  /** `data.yaml`, or a text file with a name a line. */
  readonly names: string;
}

/**
 * Converts annotations of another tool: a file, or a folder of files.
 *
 * @throws DatasetError with everything that is wrong, each with file and place
 * @example
 * const { file, imageFolder } = await convertToCoco('labels', { from: 'yolo', images: 'images' });
 */
export async function convertToCoco(input: string, { from, ...options }: ConvertOptions): Promise<Conversion> {
  const { formats } = await import('./data/coco/convert/formats.js');
  const { toCoco } = await import('./data/coco/convert/toCoco.js');
  return toCoco(input, formats[from].open(input, options), options);
}

/** Converts a folder of PASCAL VOC `.xml` files. @throws DatasetError with everything that is wrong */
export async function vocToCoco(folder: string, options: VocOptions): Promise<CocoFile> {
  return (await convertToCoco(folder, { from: 'voc', ...options })).file;
}

/** Converts YOLO labels. @throws DatasetError with every line that is no label */
export async function yoloToCoco({ labels, ...options }: YoloOptions): Promise<CocoFile> {
  return (await convertToCoco(labels, { from: 'yolo', ...options })).file;
}

/** Converts a folder of LabelMe `.json` files. @throws DatasetError with everything that is wrong */
export async function labelmeToCoco(folder: string): Promise<CocoFile> {
  return (await convertToCoco(folder, { from: 'labelme' })).file;
}
