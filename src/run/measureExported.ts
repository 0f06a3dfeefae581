/** What a detector loses on its way into another format, as COCO measures it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DetectionColumnsBuilder } from '../data/coco/detectionColumns.js';
import { pillowResize } from '../data/image/pillowResize.js';
import { evaluateCoco } from '../eval/cocoEval.js';
import type { CocoStats } from '../eval/summarize.js';
import { exportOnnx } from '../export/onnx/exportOnnx.js';
import { OnnxRuntime } from '../export/onnx/runtime.js';
import { type Foreign, firstDetections } from '../export/verify.js';
import { inputSize } from '../geometry/size.js';
import type { Detector } from '../models/detector.js';
import { singleInput } from '../models/detectorInput.js';
import { addDetections } from '../models/evaluateDetector.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import { checkSameCategories, openSplit } from '../train/detectionData.js';
import { packageVersion } from './version.js';

export interface MeasureExportedOptions {
  /** COCO json. */
  readonly annotations: string;
  /** Folder of the pictures that the annotations name. */
  readonly images: string;
  readonly limit?: number | null;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** COCO's numbers of the detector itself and of what was written, of the same pictures. */
export interface ExportedNumbers {
  readonly own: CocoStats;
  readonly exported: CocoStats;
}

/**
 * Measures a detector, and the same as ONNX with its duplicates suppressed inside.
 *
 * @param float16 whether its weights are stored so
 * @returns undefined where onnxruntime-node is not installed
 */
export async function measureAsOnnx(
  detector: Detector,
  float16: boolean,
  options: MeasureExportedOptions,
): Promise<ExportedNumbers | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'cmtdet-export-'));
  try {
    const path = join(folder, 'model.onnx');
    await exportOnnx(detector, path, { version: packageVersion(), nms: true, float16 });
    const runtime = await OnnxRuntime.open(path);
    if (runtime === undefined) return undefined;
    try {
      return await measureBeside(detector, runtime, options);
    } finally {
      await runtime.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param foreign takes `images`, gives `boxes`, `scores` and `labels` */
export async function measureBeside(
  detector: Detector,
  foreign: Foreign,
  { annotations, images, limit = null, onProgress }: MeasureExportedOptions,
): Promise<ExportedNumbers> {
  const { coco, dataset } = await openSplit({ annotations, images, limit }, { howToSkip: 'mend or leave them out' });
  checkSameCategories(detector, dataset, annotations);
  const decode = openDecoder(detector.description.input.colourProfiles);
  const [own, exported] = [new DetectionColumnsBuilder(), new DetectionColumnsBuilder()];
  for (const [i, record] of dataset.records.entries()) {
    const image = await decode(record.file);
    const size = inputSize(image, detector.description.input);
    const resized = pillowResize(image, { ...size, filter: 'bilinear' });
    const [wanted] = await detector.detectBatch(singleInput(image, detector.description.input), [image]);
    const shape = [1, size.height, size.width, 3];
    const found = firstDetections(await foreign.run({ images: { data: resized.data, shape } }));
    const scales = [image.width / size.width, image.height / size.height];
    const boxes = found.boxes.map((side, s) => side * scales[s % 2]!); // x, y, x, y
    addDetections(own, detector, record, wanted!);
    addDetections(exported, detector, record, { ...found, boxes });
    onProgress?.(i + 1, dataset.records.length);
  }
  return { own: evaluateCoco(coco, own.columns()).stats, exported: evaluateCoco(coco, exported.columns()).stats };
}
