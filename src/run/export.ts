/** Brings a trained model to other programs. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RgbImage } from '../data/image/image.js';
import { renderScene } from '../data/shapes/render.js';
import { randomScene } from '../data/shapes/scene.js';
import { UsageError } from '../errors.js';
import type { Difference } from '../export/compare.js';
import { exportOnnx } from '../export/onnx/exportOnnx.js';
import type { Opset } from '../export/onnx/onnxGraph.js';
import { OnnxRuntime } from '../export/onnx/runtime.js';
import { exportSavedModel, openSavedModel, savedModelSize } from '../export/savedModel/exportSavedModel.js';
import { type Foreign, verify } from '../export/verify.js';
import { exportWeb } from '../export/web/exportWeb.js';
import type { Size } from '../geometry/size.js';
import { isOurDetector } from '../models/checkpoints/modelFile.js';
import { Classifier } from '../models/classifier.js';
import { Detector } from '../models/detector.js';
import { Random } from '../random.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import { type ExportedNumbers, type MeasureExportedOptions, measureAsOnnx } from './measureExported.js';
import type { Observer } from './observer.js';
import { refuseOptions } from './refuseOptions.js';
import { refuseOverwriting } from './refuseOverwriting.js';
import { packageVersion } from './version.js';

export interface ExportOptions {
  /** Of `pretrain` or `train`; or of the CMT authors. */
  readonly checkpoint: string;
  readonly format: 'onnx' | 'savedmodel' | 'web';
  /** The file or folder to write. */
  readonly out: string;
  /** Version of the standard operators of ONNX. @default 17 */
  readonly opset?: Opset | undefined;
  /** Pictures at a time. @default any number */
  readonly batch?: number | undefined;
  /** Of the pictures, in pixels. @default any size for a detector (short by long side in a SavedModel), its own for a classifier */
  readonly size?: Size | undefined;
  /** Type of the input's elements. @default 'uint8' */
  readonly pixels?: 'uint8' | 'float32' | undefined;
  /** Boxes are decoded, and duplicates suppressed, inside of a detector. @default false */
  readonly nms?: boolean | undefined;
  /** Weights are stored as float16. @default false */
  readonly float16?: boolean | undefined;
  /** Weights go to a file of their own. @default only above 2 GB */
  readonly externalData?: boolean | undefined;
  /** Pictures to compare the written model with cmtdet on. @default two that are drawn */
  readonly pictures?: readonly string[] | undefined;
  /** Measures a detector and its ONNX on these pictures, and so tells what the format and float16 cost. @default not */
  readonly val?: Omit<MeasureExportedOptions, 'onProgress'> | undefined;
  readonly observer?: Observer | undefined;
}

export interface ExportResult {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** undefined where the program that would run the model is not installed. */
  readonly verification: Verification | undefined;
  /** COCO's numbers before and after, where `val` was given. */
  readonly measured?: ExportedNumbers | undefined;
}

export interface Verification {
  /** What ran the written model. */
  readonly runtime: string;
  readonly pictures: number;
  readonly differences: readonly Difference[];
}

/** The options that mean something for each format; `val` is looked at by itself. */
const takes = {
  onnx: ['opset', 'batch', 'size', 'pixels', 'nms', 'float16', 'externalData'],
  savedmodel: ['batch', 'size', 'pixels'],
  web: ['float16'],
} as const satisfies Record<ExportOptions['format'], readonly (keyof ExportOptions)[]>;

/** What formats that write a folder call their files. */
const folderFiles = ['saved_model.pb', 'model.onnx', 'model.json'];

/**
 * @throws CheckpointError, ExportError, ImageError
 * @throws UsageError where what is to be written is read too, or an option means nothing for the format; nothing is written then
 */
export async function exportModel(options: ExportOptions): Promise<ExportResult> {
  const { checkpoint, out, pictures = [] } = options;
  refuseOverwriting([out, `${out}.data`, ...folderFiles.map((name) => join(out, name))], [checkpoint, ...pictures]);
  checkOptions(options);
  const model = loadModel(checkpoint);
  try {
    if (model instanceof Classifier) checkClassifierOptions(options);
    const { files: paths, open } = await write(model, options);
    const files = await Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
    const foreign = await open();
    const verification = foreign && (await compared(model, foreign, options));
    return { files, verification, measured: await measured(model, options) };
  } finally {
    await model.dispose();
  }
}

/** @throws UsageError for what needs no look at the model */
function checkOptions({ checkpoint, format, out, pictures, val, observer, ...others }: ExportOptions): void {
  refuseOptions(others, takes[format], `--format ${format}`);
  if (format === 'onnx' && !out.endsWith('.onnx')) throw new UsageError(`${out}: expected a file that ends in .onnx`);
  if (format === 'savedmodel' && val !== undefined)
    throw new UsageError(
      'a SavedModel ends before boxes are decoded, so that it is not measured on a val set: leave it out',
    );
}

/** @throws UsageError for what is about boxes */
function checkClassifierOptions({ checkpoint, nms, val }: ExportOptions): void {
  refuseOptions({ nms }, [], `a classifier, and ${checkpoint} is one`);
  if (val !== undefined) throw new UsageError('a val set to measure on is for detectors, and this is a classifier');
}

async function measured(
  model: Classifier | Detector,
  { val, float16 = false, observer }: ExportOptions,
): Promise<ExportedNumbers | undefined> {
  if (val === undefined || model instanceof Classifier) return undefined;
  const onProgress = (done: number, total: number) => observer?.onProgress?.(done, total, 'pictures');
  return measureAsOnnx(model, float16, { ...val, onProgress });
}

interface Runner extends Foreign {
  readonly name: string;
  dispose(): Promise<void>;
}

interface Written {
  readonly files: readonly string[];
  /** Loads what was written; undefined where there is nothing to run it. */
  readonly open: () => Promise<Runner | undefined>;
}

async function write(model: Classifier | Detector, options: ExportOptions): Promise<Written> {
  const { format, out, opset = 17, batch, size, pixels = 'uint8' } = options;
  if (format === 'savedmodel') {
    const { files, outputs } = await exportSavedModel(model, out, { batch, size, pixels });
    return { files, open: async () => openSavedModel(out, outputs) };
  }
  const { nms = false, float16 = false, externalData = false } = options;
  if (format === 'web') {
    const files = await exportWeb(model, out, { version: packageVersion(), float16 });
    return { files, open: () => OnnxRuntime.open(files[0]!) };
  }
  const settings = { opset, batch, size, pixels, nms, float16, externalData };
  const files = await exportOnnx(model, out, { version: packageVersion(), ...settings });
  return { files, open: () => OnnxRuntime.open(out) };
}

/** A checkpoint of ours as it says itself; others are classifiers of the CMT authors. */
function loadModel(checkpoint: string): Classifier | Detector {
  const quickToStart = { fuse: false, optimize: false };
  return isOurDetector(checkpoint)
    ? Detector.load(checkpoint, quickToStart)
    : Classifier.load(checkpoint, quickToStart);
}

async function compared(model: Classifier | Detector, foreign: Runner, options: ExportOptions): Promise<Verification> {
  const { format, pictures = [], batch, pixels = 'uint8' } = options;
  try {
    const images = pictures.length > 0 ? await Promise.all(pictures.map((file) => openDecoder()(file))) : await drawn();
    const size = options.size ?? (format === 'savedmodel' ? savedModelSize(model) : undefined);
    const differences = await verify(model, foreign, images, { size, batch: batch ?? 2, pixels });
    return { runtime: foreign.name, pictures: images.length, differences };
  } finally {
    await foreign.dispose();
  }
}

const drawnSide = 256;

function drawn(): Promise<RgbImage[]> {
  const random = new Random(0);
  return Promise.all([0, 1].map(() => renderScene(randomScene(random, drawnSide), random)));
}
