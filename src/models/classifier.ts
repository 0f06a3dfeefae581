/** A trained classifier, ready to be given pictures. */
import type * as tf from '@tensorflow/tfjs-core';
import { CheckpointError } from '../errors.js';
import { readStateDict } from '../formats/stateDict.js';
import { inference } from '../nn/module.js';
import type { EngineOptions } from '../tensorflow/config.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import type { Plan } from '../tensorflow/plan.js';
import type { Compiled } from '../tensorflow/program.js';
import { RowProgram } from '../tensorflow/rowProgram.js';
import type { OperationTiming } from '../tensorflow/timings.js';
import { buildClassifier } from './build.js';
import { underOurNames } from './checkpoints/convertCheckpoint.js';
import { isOurCheckpoint, loadWeights, readModel } from './checkpoints/modelFile.js';
import type { ClassifierNetwork } from './classifiers/classifierNetwork.js';
import { checkClassifierInput } from './inputChecks.js';
import { normalisePixels } from './preprocess.js';

type Maps = 'c2' | 'c3' | 'c4' | 'c5';

export class Classifier {
  readonly #program: RowProgram;
  readonly #logits: Compiled<'images', 'logits'>;
  readonly #pixelLogits: Compiled<'images', 'logits'>;
  readonly #features: Compiled<'images', Maps>;

  constructor(
    readonly model: ClassifierNetwork,
    engine: EngineOptions = {},
  ) {
    this.#program = new RowProgram(engine);
    const forward = (x: tf.Tensor) => ({ logits: model.forward(x as tf.Tensor4D, inference) });
    this.#logits = this.#program.compile(({ images }) => forward(images));
    this.#pixelLogits = this.#program.compile(({ images }) => forward(normalisePixels(images as tf.Tensor4D)));
    this.#features = this.#program.compile(({ images }) => {
      const [c2, c3, c4, c5] = model.backbone.forward(images as tf.Tensor4D, inference);
      return { c2, c3, c4, c5 };
    });
  }

  /**
   * Reads a classifier from a checkpoint of `cmtdet pretrain`, of the CMT authors, or of torchvision's ResNet (`.pth`, or
   * safetensors with their names).
   *
   * @throws CheckpointError when the file is damaged, incomplete, or of another kind
   */
  static load(path: string, engine: EngineOptions = {}): Classifier {
    if (isOurCheckpoint(path)) {
      const { description, tensors } = readModel(path);
      if (description.kind !== 'classifier') {
        throw new CheckpointError(path, [
          { at: 'kind', message: `expected a classifier, found a ${description.kind}` },
        ]);
      }
      const model = buildClassifier(description.model, description.classes.length);
      loadWeights(model, tensors, path);
      return new Classifier(model, engine);
    }
    const { described, tensors } = underOurNames(path, readStateDict(path));
    if (described.description === undefined) throw new CheckpointError(path, described.problems);
    const { model: config, classes } = described.description;
    const model = buildClassifier(config, classes.length);
    loadWeights(model, tensors, path);
    return new Classifier(model, engine);
  }

  /**
   * Logits of normalised pictures. A batch is divided among the cores where each gets as many pictures.
   *
   * @param images [B, H, W, 3], ImageNet's mean and deviation taken out; H and W multiples of 32
   * @param shape [B, H, W, 3]
   * @returns [B, K]
   */
  async logits(images: Float32Array, shape: readonly number[]): Promise<HostTensor<Float32Array>> {
    checkClassifierInput(images, shape, Float32Array);
    const { logits } = await this.#logits({ images: { data: images, shape } });
    return logits as HostTensor<Float32Array>;
  }

  /** Logits of 8-bit pictures: [B, H, W, 3] → [B, K]. */
  async pixelLogits(images: Uint8Array, shape: readonly number[]): Promise<HostTensor<Float32Array>> {
    checkClassifierInput(images, shape, Uint8Array);
    const { logits } = await this.#pixelLogits({ images: { data: images, shape } });
    return logits as HostTensor<Float32Array>;
  }

  /** C2 … C5 of normalised pictures, as in {@link logits}: [B, H/s, W/s, C] with s = 4, 8, 16, 32. */
  async features(images: Float32Array, shape: readonly number[]): Promise<HostTensor<Float32Array>[]> {
    checkClassifierInput(images, shape, Float32Array);
    const { c2, c3, c4, c5 } = await this.#features({ images: { data: images, shape } });
    return [c2, c3, c4, c5] as HostTensor<Float32Array>[];
  }

  /** Copies the present values of the model's parameters to TensorFlow; to be called after they were changed. */
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

  /** Waits for calls under way, then frees what TensorFlow holds. Later calls are refused with an EngineError; once more does nothing. */
  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
