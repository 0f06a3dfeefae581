/** Models as TensorFlow's SavedModel. */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { writeAtomically } from '../../formats/atomic.js';
import { makeFolder } from '../../formats/makeFolder.js';
import { inferenceShape, type Size } from '../../geometry/size.js';
import { Classifier } from '../../models/classifier.js';
import type { Detector } from '../../models/detector.js';
import { normalisePixels } from '../../models/preprocess.js';
import { inference } from '../../nn/module.js';
import { FrozenFunction } from '../../tensorflow/frozen.js';
import { SavedModel } from '../../tensorflow/savedModel.js';
import { headOutputs } from '../trace.js';
import { openBatch } from './openBatch.js';
import { encodeSavedModel } from './schema.js';

export interface SavedModelOptions {
  /** Of the pictures, in pixels. @default what a classifier is made for, or a detector's short by long side */
  readonly size?: Size | undefined;
  /** Pictures at a time. @default any number */
  readonly batch?: number | undefined;
  /** Type of the input's elements. @default 'uint8' */
  readonly pixels?: 'uint8' | 'float32';
}

const channels = 3;

/** The size of pictures that a SavedModel of a model takes where none is given. */
export function savedModelSize(model: Classifier | Detector): Size {
  if (model instanceof Classifier)
    return { height: model.model.backbone.usualSize, width: model.model.backbone.usualSize };
  const { shortSide, longSide } = model.description.input;
  return { height: shortSide, width: longSide };
}

/**
 * Writes a SavedModel with frozen weights into a folder. Its signature `serving_default` takes `images` [B, H, W, 3], values
 * 0 … 255 of one size, and gives a classifier's `logits` or what a detector's head says, level by level (`logits_p3`, ...).
 * Normalising and padding are inside.
 *
 * @returns the file written, and the names of the outputs
 */
export async function exportSavedModel(
  model: Classifier | Detector,
  folder: string,
  { size = savedModelSize(model), batch, pixels = 'uint8' }: SavedModelOptions,
): Promise<{ readonly files: readonly string[]; readonly outputs: readonly string[] }> {
  const shape = [batch ?? 1, size.height, size.width, channels];
  const frozen = new FrozenFunction(({ images }) => outputsOf(model, images as tf.Tensor4D, size), {
    images: { dtype: pixels, shape },
  });
  try {
    const graph = openBatch(frozen, batch === undefined);
    const path = join(folder, 'saved_model.pb');
    makeFolder(folder);
    await writeAtomically(path, (file) => file.writeFile(encodeSavedModel(graph)));
    return { files: [path], outputs: [...frozen.outputs.keys()] };
  } finally {
    frozen.dispose();
  }
}

function outputsOf(model: Classifier | Detector, images: tf.Tensor4D, size: Size): Record<string, tf.Tensor> {
  const normal = normalisePixels(images);
  if (model instanceof Classifier) return { logits: model.model.forward(normal, inference) };
  const { height, width } = inferenceShape(size, model.description.input);
  const [down, right] = [height - size.height, width - size.width];
  const padded =
    down + right === 0
      ? normal
      : tf.pad(normal, [
          [0, 0],
          [0, down],
          [0, right],
          [0, 0],
        ]);
  return headOutputs(model.model, padded);
}

/** Loads what {@link exportSavedModel} has written. @param outputs the names of those to be computed */
export function openSavedModel(folder: string, outputs: readonly string[]): SavedModel {
  const named = (name: string) => [name, { node: name, index: 0 }] as const;
  return new SavedModel(folder, new Map([named('images')]), new Map(outputs.map(named)));
}
