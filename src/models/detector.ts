/** A trained detector, ready to be given pictures. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Category } from '../data/detection/dataset.js';
import { copyOf, type RgbImage, rgbChannels } from '../data/image/image.js';
import { orderedPrefetch } from '../data/parallel/orderedPrefetch.js';
import { inferenceSettings } from '../detection/inferenceSettings.js';
import { type Detection, named } from '../detection/named.js';
import { type Detections, detectionsOf, type InferenceOptions } from '../detection/postprocess.js';
import { mergeTiles, type Tiling, tilesOf } from '../detection/tiles.js';
import { CheckpointError, EngineError, ImageError } from '../errors.js';
import { inferenceShape, inputSize, type Size } from '../geometry/size.js';
import { inference } from '../nn/module.js';
import type { EngineOptions } from '../tensorflow/config.js';
import type { HostTensor } from '../tensorflow/hostTensor.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import type { Plan } from '../tensorflow/plan.js';
import type { Compiled } from '../tensorflow/program.js';
import { type RowFunction, RowProgram } from '../tensorflow/rowProgram.js';
import type { OperationTiming } from '../tensorflow/timings.js';
import { UnderWay } from '../tensorflow/underWay.js';
import { abortable } from './abortable.js';
import { buildDetector } from './build.js';
import type { DetectorDescription } from './checkpoints/description.js';
import { loadWeights, readModel } from './checkpoints/modelFile.js';
import { type DetectorInput, detectionInput, pictureFeed, singleInput } from './detectorInput.js';
import type { DetectorNetwork } from './detectorNetwork.js';
import type { LevelArrays } from './heads/denseHead.js';
import { checkDetectorInput, checkPicture, checkSize } from './inputChecks.js';

export interface DetectOptions extends Partial<InferenceOptions> {
  /** Only detections of more than this score, 0 … 1. @default what the checkpoint was measured with, 0.05 */
  readonly scoreThreshold?: number;
  /** Rejects the call with the signal's reason as soon as that is given. A run of the graph that is under way goes on unheard. */
  readonly signal?: AbortSignal | undefined;
}

export interface PictureOptions extends DetectOptions {
  /** Looks at the picture in pieces too, for objects that are small in a large one. @default not */
  readonly tiles?: Tiling | undefined;
}

export interface StreamOptions extends PictureOptions {
  /** Pictures that are read ahead of those that the network works on. @default 2 */
  readonly ahead?: number;
  /**
   * Works on several pictures at once, each on a share of the cores: more pictures a second, each of them later. Without effect on a GPU.
   * @default false
   */
  readonly manyAtOnce?: boolean;
  /** Told of a picture that cannot be read, which is then passed over. @default the stream ends with the error */
  readonly onBroken?: ((error: ImageError) => void) | undefined;
}

/** A picture of a stream, and what is in it. */
export interface DetectedPicture<P> {
  readonly input: P;
  /** Decoded and upright. */
  readonly image: RgbImage;
  /** Best first. */
  readonly detections: readonly Detection[];
  /** That the network and the decoding of its boxes took; of pictures worked on at once, since the one that was done before. */
  readonly seconds: number;
}

export class Detector {
  readonly #program: RowProgram;
  readonly #run: RowFunction<'images' | 'sizes', string>;
  readonly #calls = new UnderWay();
  #disposal: Promise<void> | undefined;

  /** @param model with its weights; {@link Detector.load} reads both from a checkpoint */
  constructor(
    readonly model: DetectorNetwork,
    readonly description: DetectorDescription,
    engine: EngineOptions = {},
  ) {
    this.#program = new RowProgram(engine);
    const { preNmsTopK } = description.inference;
    this.#run = this.#program.compile((inputs) => {
      const x = detectionInput(inputs);
      const outputs: Record<string, tf.Tensor> = {};
      for (const [level, output] of this.model.forward(x, inference).entries()) {
        for (const [name, tensor] of Object.entries(model.head.candidates(output, preNmsTopK)))
          outputs[`${level}/${name}`] = tensor;
      }
      return outputs;
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
   * @throws EngineError when pixels and sides do not belong together, or after {@link dispose}
   */
  async detect(input: string | Uint8Array | RgbImage, options: PictureOptions = {}): Promise<Detection[]> {
    return this.#during(async () => this.#detectIn(await this.#decode(input, options.signal), options));
  }

  /**
   * Objects in pictures that come by and by, in their order. While the network works, the next pictures are decoded; no more than a few
   * are held, however fast the source is.
   *
   * @throws ImageError at a picture that cannot be read, unless `onBroken` is there to be told
   * @example
   * for await (const { input, detections } of detector.detectEach(['a.jpg', 'b.jpg'])) console.log(input, detections.length);
   */
  async *detectEach<P extends string | Uint8Array | RgbImage>(
    pictures: Iterable<P> | AsyncIterable<P>,
    { ahead = 2, manyAtOnce = false, onBroken, ...options }: StreamOptions = {},
  ): AsyncGenerator<DetectedPicture<P>, void, undefined> {
    const atOnce = manyAtOnce ? this.#program.shares : 1;
    const turns = Array.from({ length: atOnce }, (): Promise<unknown> => Promise.resolve());
    let begun = 0;
    let lastDone = 0;
    const detect = async (input: P): Promise<DetectedPicture<P> | undefined> => {
      const image = await this.#decode(input, options.signal).catch((error) => {
        if (onBroken === undefined || !(error instanceof ImageError)) throw error;
        onBroken(error);
      });
      if (image === undefined) return undefined;
      const place = begun++ % atOnce;
      const turn = turns[place]!.then(async () => {
        const started = performance.now();
        const detections = await this.#detectIn(image, options, atOnce > 1);
        const from = Math.max(started, lastDone);
        lastDone = performance.now();
        return { input, image, detections, seconds: (lastDone - from) / 1000 };
      });
      turns[place] = turn.catch(() => {});
      return turn;
    };
    const counted = (input: P) => this.#during(() => detect(input));
    for await (const detected of orderedPrefetch(pictures, counted, atOnce + ahead))
      if (detected !== undefined) yield detected;
  }

  /** Counts a call from its first line on: one that still decodes a picture is waited for too. */
  async #during<T>(call: () => Promise<T>): Promise<T> {
    if (this.#disposal !== undefined) throw new EngineError('the detector was used after its disposal');
    return this.#calls.during(call);
  }

  async #decode(input: string | Uint8Array | RgbImage, signal: AbortSignal | undefined): Promise<RgbImage> {
    signal?.throwIfAborted();
    const decode = () => openDecoder(this.description.input.colourProfiles);
    const isFile = typeof input === 'string' || input instanceof Uint8Array;
    const image = isFile ? await abortable(decode()(input), signal) : input;
    checkPicture(image);
    return image;
  }

  /** @param onShare for callers that have several pictures under way */
  async #detectIn(
    image: RgbImage,
    { tiles: tiling, ...options }: PictureOptions,
    onShare = false,
  ): Promise<Detection[]> {
    const run = onShare ? this.#run.onShare : this.#run;
    const inPart = async (part: RgbImage) =>
      (await this.#detectBatch(singleInput(part, this.description.input), [part], options, run))[0]!;
    const whole = await inPart(image);
    const tiles = tiling === undefined ? [] : tilesOf(image, tiling);
    if (tiles.length < 2) return named(whole, this.categories);
    const parts = [{ tile: { left: 0, top: 0, width: image.width, height: image.height }, found: whole }];
    for (const tile of tiles) parts.push({ tile, found: await inPart(copyOf(image, tile)) });
    // As many objects a tile as a picture may have; together they may be more.
    const { nmsIou, maxDetections } = inferenceSettings(this.description.inference, options);
    const merged = mergeTiles(parts, image, { nmsIou, maxDetections: maxDetections * tiles.length });
    return named(merged, this.categories);
  }

  /**
   * Detections of a batch, labels as numbers. A batch is divided among the cores where each gets as many pictures.
   *
   * @param originalSizes of the pictures, [B]; fewer where the rest of the batch only fills it
   * @throws EngineError when shapes, types and lengths do not belong together, or after {@link dispose}
   */
  async detectBatch(
    input: DetectorInput,
    originalSizes: readonly Size[],
    options: DetectOptions = {},
  ): Promise<Detections[]> {
    return this.#during(() => this.#detectBatch(input, originalSizes, options));
  }

  async #detectBatch(
    input: DetectorInput,
    originalSizes: readonly Size[],
    { signal, ...options }: DetectOptions,
    run: Compiled<'images' | 'sizes', string> = this.#run,
  ): Promise<Detections[]> {
    signal?.throwIfAborted();
    checkDetectorInput(input, originalSizes);
    const settings = inferenceSettings(this.description.inference, options);
    const { height, width, inputSizes } = input;
    const results = await abortable(run(pictureFeed(input)), signal);
    return originalSizes.map((original, b) => {
      const size = { height: inputSizes[2 * b]!, width: inputSizes[2 * b + 1]! };
      const found = this.model.head.decode(levelsOf(results, b), { height, width }, settings.scoreThreshold);
      return detectionsOf(found, size, original, settings);
    });
  }

  /**
   * Traces and compiles what pictures of these sizes need, so that the first of them does not wait for it. Sizes that are padded to the same
   * shape are prepared once; more shapes than the engine keeps (`maxTraces`, 16) push the first ones out again.
   *
   * @param sizes of original pictures, in pixels. Default: all shapes that the detector was trained with, so that only pictures of very
   * other proportions have to wait. Streams with `manyAtOnce` prepare theirs at the first pictures
   * @param batchSize of {@link detectBatch}; 1 for {@link detect}
   * @throws EngineError when a size is none, or after {@link dispose}
   */
  async warmup(sizes?: readonly Size[], batchSize = 1): Promise<void> {
    for (const size of sizes ?? []) checkSize(size);
    const rule = this.description.input;
    const inputs =
      sizes?.map((size) => inputSize(size, rule)) ?? (rule.shapes ?? []).map(([height, width]) => ({ height, width }));
    const byShape = new Map(
      inputs.map((input) => {
        const { height, width } = inferenceShape(input, rule);
        return [`${height} x ${width}`, { height, width, input }] as const;
      }),
    );
    for (const { height, width, input } of byShape.values()) {
      const images = new Uint8Array(batchSize * height * width * rgbChannels);
      const inputSizes = Int32Array.from({ length: 2 * batchSize }, (_, i) =>
        i % 2 === 0 ? input.height : input.width,
      );
      await this.detectBatch({ images, batchSize, height, width, inputSizes }, []);
    }
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
    this.#disposal ??= this.#calls.idle().then(() => this.#program.dispose());
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** What the graph gave for picture `b`, level by level. */
function levelsOf(results: Readonly<Record<string, HostTensor>>, b: number): LevelArrays[] {
  const levels: Record<string, Float32Array | Int32Array>[] = [];
  for (const [name, { data, shape }] of Object.entries(results)) {
    const [level, candidate] = name.split('/') as [string, string];
    const size = data.length / shape[0]!;
    levels[Number(level)] ??= {};
    levels[Number(level)]![candidate] = data.subarray(b * size, (b + 1) * size) as Float32Array | Int32Array;
  }
  return levels;
}
