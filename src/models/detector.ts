/** A trained detector, ready to be given pictures. */
import * as tf from '@tensorflow/tfjs-core';
import type { Category } from '../data/detection/dataset.js';
import type { RgbImage } from '../data/image/image.js';
import { type AnchorGrid, generateAnchors } from '../detection/anchors.js';
import { type Detections, detectionsOf, type InferenceOptions } from '../detection/postprocess.js';
import { CheckpointError } from '../errors.js';
import type { Size } from '../geometry/size.js';
import { inference } from '../nn/module.js';
import { gatherRows } from '../nn/ops/gather.js';
import { addWhole, divideWhole } from '../nn/ops/wholeNumbers.js';
import { rawOps } from '../tensorflow/backend.js';
import type { EngineOptions } from '../tensorflow/config.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import type { Plan } from '../tensorflow/plan.js';
import { type Compiled, Program } from '../tensorflow/program.js';
import type { OperationTiming } from '../tensorflow/timings.js';
import { buildDetector, levelsOf } from './build.js';
import type { DetectorDescription } from './description.js';
import { type DetectorInput, detectionInput, pictureFeed, singleInput } from './detectorInput.js';
import { loadWeights, readModel } from './modelFile.js';
import type { HeadOutput, RetinaNet } from './retinanet.js';

/** One object found. */
export interface Detection {
  /** Name of the category. */
  readonly label: string;
  /** Id of the category in the annotations that the detector learnt from. */
  readonly categoryId: number;
  /** 0 … 1 */
  readonly score: number;
  /** In pixels of the upright picture, inside it. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

export interface DetectOptions extends Partial<InferenceOptions> {
  /** Only detections of at least this score. @default what the checkpoint was measured with, 0.05 */
  readonly scoreThreshold?: number;
}

type Outputs = `${'scores' | 'indices' | 'deltas'}${number}`;

/** The best `count` of a level's scores, in the graph: so that 192,000 anchors of 80 classes never come to JavaScript. */
function bestOf(
  { logits, deltas }: HeadOutput,
  count: number,
): { scores: tf.Tensor; indices: tf.Tensor; deltas: tf.Tensor } {
  const [batch, anchors, classes] = logits.shape;
  const k = Math.min(count, anchors * classes);
  const flat = tf.reshape(logits, [batch, anchors * classes]);
  const [best, indices] = rawOps('TopKV2', [flat, tf.scalar(k, 'int32')], { T: { type: 'float32' }, sorted: true }, 2);
  const anchor = divideWhole(indices!, tf.scalar(classes, 'int32')); // [B, k]
  const first = tf.range(0, batch * anchors, anchors, 'int32');
  const rows = addWhole(anchor, tf.reshape(first, [batch, 1]));
  const picked = gatherRows<tf.Tensor>(tf.reshape(deltas, [batch * anchors, 4]), rows); // [B, k, 4]
  return { scores: tf.sigmoid(best!), indices: indices!, deltas: picked };
}

export class Detector {
  readonly #program: Program;
  readonly #run: Compiled<'images' | 'sizes', Outputs>;
  readonly #grids = new Map<string, AnchorGrid>();

  /** @param model with its weights; {@link Detector.load} reads both from a checkpoint */
  constructor(
    readonly model: RetinaNet,
    readonly description: DetectorDescription,
    engine: EngineOptions = {},
  ) {
    this.#program = new Program(engine);
    const { preNmsTopK } = description.inference;
    this.#run = this.#program.compile((inputs) => {
      const x = detectionInput(inputs);
      const outputs: Record<string, tf.Tensor> = {};
      for (const [level, output] of this.model.forward(x, inference).entries()) {
        for (const [name, tensor] of Object.entries(bestOf(output, preNmsTopK))) outputs[`${name}${level}`] = tensor;
      }
      return outputs as Record<Outputs, tf.Tensor>;
    });
  }

  /**
   * Reads a detector from a checkpoint of `cmtdet train`.
   *
   * @throws CheckpointError when the file is damaged or of another kind
   */
  static load(path: string, engine: EngineOptions = {}): Detector {
    const { description, tensors } = readModel(path);
    if (description.kind !== 'detector') {
      throw new CheckpointError(
        path,
        [{ at: 'kind', message: `expected a detector, found a ${description.kind}` }],
        '"cmtdet train --init-from" makes a detector of it.',
      );
    }
    const model = buildDetector(description.model, description.categories.length);
    loadWeights(model, tensors, path);
    return new Detector(model, description, engine);
  }

  /** In the order of labels. */
  get categories(): readonly Category[] {
    return this.description.categories;
  }

  /**
   * Objects in a picture, best first.
   *
   * @param input path of a picture, its bytes, or decoded pixels
   * @throws ImageError when it cannot be read
   */
  async detect(input: string | Uint8Array | RgbImage, options: DetectOptions = {}): Promise<Detection[]> {
    const image = typeof input === 'string' || input instanceof Uint8Array ? await openDecoder()(input) : input;
    const [detections] = await this.detectBatch(singleInput(image, this.description.input), [image], options);
    return this.#named(detections!);
  }

  /**
   * Detections of a batch, labels as numbers.
   *
   * @param originalSizes of the pictures, [B]; fewer where the rest of the batch only fills it
   */
  async detectBatch(
    input: DetectorInput,
    originalSizes: readonly Size[],
    options: DetectOptions = {},
  ): Promise<Detections[]> {
    const { height, width, inputSizes } = input;
    const results = await this.#run(pictureFeed(input));
    const grid = this.#grid({ height, width });
    const settings = { ...this.description.inference, ...options };
    return originalSizes.map((original, b) => {
      const levels = grid.levels.map((_, level) => ({
        scores: row(results[`scores${level}`]!, b) as Float32Array,
        indices: row(results[`indices${level}`]!, b) as Int32Array,
        deltas: row(results[`deltas${level}`]!, b) as Float32Array,
      }));
      const size = { height: inputSizes[2 * b]!, width: inputSizes[2 * b + 1]! };
      return detectionsOf(levels, grid, this.categories.length, size, original, settings);
    });
  }

  /** Takes over the weights that the model's parameters now have on the host. */
  refresh(): Promise<void> {
    return this.#program.push([...this.model.parameters()].map(([, parameter]) => parameter));
  }

  /** The operations of each run of the graph that `body` makes, with their times. */
  profile(body: () => Promise<unknown>): Promise<OperationTiming[][]> {
    return this.#program.profile(body);
  }

  /** Runs `body` without computing anything: what each call would execute. */
  plan(body: () => Promise<unknown>): Promise<Plan[]> {
    return this.#program.plan(body);
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  #grid(size: Size): AnchorGrid {
    const key = `${size.height}x${size.width}`;
    let grid = this.#grids.get(key);
    if (grid === undefined) {
      const { model } = this.description;
      grid = generateAnchors(levelsOf(model, size), model.anchors);
      this.#grids.set(key, grid);
    }
    return grid;
  }

  #named({ boxes, scores, labels }: Detections): Detection[] {
    return Array.from(scores, (score, i) => {
      const { id, name } = this.categories[labels[i]!]!;
      const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
      return { label: name, categoryId: id, score, box: [x1!, y1!, x2!, y2!] };
    });
  }
}

/** Entry `b` of a batch. */
function row({ data, shape }: HostTensor, b: number) {
  const size = data.length / shape[0]!;
  return data.subarray(b * size, (b + 1) * size);
}
