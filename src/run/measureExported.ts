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
  for (const [i, { file, imageId }] of dataset.records.entries()) {
    const image = await decode(file);
    const size = inputSize(image, detector.description.input);
    const resized = pillowResize(image, { ...size, filter: 'bilinear' });
    const [wanted] = await detector.detectBatch(singleInput(image, detector.description.input), [image]);
    const shape = [1, size.height, size.width, 3];
    const found = firstDetections(await foreign.run({ images: { data: resized.data, shape } }));
    for (const [columns, { boxes, scores, labels }, scaleX, scaleY] of [
      [own, wanted!, 1, 1],
      [exported, found, image.width / size.width, image.height / size.height],
    ] as const) {
      for (const [d, score] of scores.entries()) {
        const [x1, y1, x2, y2] = boxes.subarray(4 * d, 4 * d + 4) as unknown as [number, number, number, number];
        const { id } = detector.categories[labels[d]!]!;
        columns.addXyxy(imageId, id, x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY, score);
      }
    }
    onProgress?.(i + 1, dataset.records.length);
  }
  return { own: evaluateCoco(coco, own.columns()).stats, exported: evaluateCoco(coco, exported.columns()).stats };
}
