/**
 * A trained detector in the browser: the network by onnxruntime-web, all around it by the very code that cmtdet runs on the
 * training machine. Only decoding is the browser's own (`pixels.ts`).
 *
 *     import { loadDetector } from './detector.js';
 *     const detector = await loadDetector('.');
 *     const found = await detector.detect(document.querySelector('img'));
 *     //=> [{ label: 'RBC', categoryId: 2, score: 0.93, box: [12.5, 40.1, 98.7, 120.3] }, ...]
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { RgbImage } from '../data/image/image.js';
import { pillowResize } from '../data/image/pillowResize.js';
import { decodeAnchors } from '../detection/anchorCandidates.js';
import { generateAnchors, pyramidLevels } from '../detection/anchors.js';
import { inferenceSettings } from '../detection/inferenceSettings.js';
import { type Detection, named } from '../detection/named.js';
import { decodePoints, generatePoints } from '../detection/points.js';
import { detectionsOf, type ScoredBoxes } from '../detection/postprocess.js';
import { rowsOfPlaces, sigmoid, topCandidates } from '../detection/topCandidates.js';
import { inferenceShape, inputSize, type Size } from '../geometry/size.js';
import type { WebModel } from './model.js';
import { pixelsOf } from './pixels.js';

/** Something with pixels. A `Blob` may be any picture file that the browser reads. */
export type Picture = Blob | HTMLImageElement | HTMLCanvasElement | HTMLVideoElement | ImageBitmap | OffscreenCanvas;

export type { Detection };

export interface DetectOptions {
  /** Only detections of more than this score, 0 … 1. @default what the detector was measured with */
  readonly scoreThreshold?: number;
}

export interface Detector {
  /** What the network runs on. */
  readonly backend: 'webgpu' | 'wasm';
  /** Names of the categories, in the order of labels. */
  readonly labels: readonly string[];
  /** Objects in a picture, best first. */
  detect(picture: Picture, options?: DetectOptions): Promise<Detection[]>;
  /** Waits for the pictures under way, then frees the network. Later calls are refused; once more does nothing. */
  dispose(): Promise<void>;
}

/**
 * Loads a detector: with WebGPU where there is one, with WebAssembly elsewhere.
 *
 * @param folder address of the folder that `cmtdet export --format web` wrote
 * @throws Error when a file is missing there
 */
export async function loadDetector(folder: string | URL = '.'): Promise<Detector> {
  const base = new URL(`${folder}`.replace(/\/?$/, '/'), document.baseURI);
  const [model, network] = await Promise.all([
    fetched(new URL('model.json', base)),
    fetched(new URL('model.onnx', base)),
  ]);
  const backend = (await hasWebGpu()) ? 'webgpu' : 'wasm';
  const runtime: typeof import('onnxruntime-web') = await import(
    /* @vite-ignore */ new URL(`onnxruntime/ort.${backend}.bundle.min.mjs`, base).href
  );
  runtime.env.wasm.wasmPaths = new URL('onnxruntime/', base).href;
  runtime.env.wasm.numThreads = crossOriginIsolated ? navigator.hardwareConcurrency : 1; // threads need shared memory
  const bytes = new Uint8Array(await network.arrayBuffer());
  const session = await runtime.InferenceSession.create(bytes, { executionProviders: [backend] });
  return new LoadedDetector((await model.json()) as WebModel, session, runtime.Tensor, backend);
}

async function fetched(url: URL): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response;
}

async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  return (await gpu?.requestAdapter().catch(() => null)) != null;
}

class LoadedDetector implements Detector {
  readonly #model: WebModel;
  readonly #session: InferenceSession;
  readonly #Tensor: typeof Tensor;
  /** Ends when the pictures before are done: the session takes one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #disposal: Promise<void> | undefined;

  constructor(
    model: WebModel,
    session: InferenceSession,
    TensorClass: typeof Tensor,
    readonly backend: 'webgpu' | 'wasm',
  ) {
    this.#model = model;
    this.#session = session;
    this.#Tensor = TensorClass;
  }

  get labels(): string[] {
    return this.#model.categories.map(({ name }) => name);
  }

  async detect(picture: Picture, options: DetectOptions = {}): Promise<Detection[]> {
    if (this.#disposal !== undefined) throw new Error('the detector was used after its disposal');
    const pixels = pixelsOf(picture, this.#model.input.colourProfiles);
    const run = Promise.all([pixels, this.#turn]).then(([image]) => this.#detect(image, options));
    this.#turn = Promise.allSettled([this.#turn, run]).then(() => {}); // whoever asked hears of what went wrong
    return run;
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#turn.then(() => this.#session.release());
    return this.#disposal;
  }

  async #detect(image: RgbImage, options: DetectOptions): Promise<Detection[]> {
    const { input, inference, categories } = this.#model;
    const settings = inferenceSettings(inference, options);
    const size = inputSize(image, input);
    const { data } = pillowResize(image, { ...size, filter: 'bilinear' });
    const images = new this.#Tensor('uint8', data, [1, size.height, size.width, 3]);
    const outputs = await this.#session.run({ images });
    const levels = this.#model.strides.map((stride) => {
      const ofLevel = (name: string) => outputs[`${name}_p${Math.log2(stride)}`]?.data as Float32Array;
      return {
        logits: ofLevel('logits'),
        deltas: ofLevel('deltas'),
        distances: ofLevel('distances'),
        centerness: ofLevel('centerness'),
      };
    });
    const found = this.#decode(levels, inferenceShape(size, input), settings);
    return named(detectionsOf(found, size, image, settings), categories);
  }

  /** Boxes in input pixels. @param levels the head's outputs; those of another kind of head are not there */
  #decode(
    levels: readonly Record<'logits' | 'deltas' | 'distances' | 'centerness', Float32Array>[],
    padded: Size,
    { preNmsTopK, scoreThreshold }: WebModel['inference'],
  ): ScoredBoxes {
    const { head, strides, categories } = this.#model;
    const classes = categories.length;
    const grid = pyramidLevels(padded, strides);
    const best = levels.map(({ logits }) => topCandidates(logits, preNmsTopK, scoreThreshold));
    if (head.kind === 'retinanet') {
      const anchors = generateAnchors(grid, head.anchors);
      const candidates = levels.map(({ deltas }, l) => ({
        ...best[l]!,
        deltas: rowsOfPlaces(deltas, best[l]!, classes, 4),
      }));
      return decodeAnchors(candidates, anchors, classes, scoreThreshold);
    }
    const candidates = levels.map(({ distances, centerness }, l) => ({
      ...best[l]!,
      distances: rowsOfPlaces(distances, best[l]!, classes, 4),
      centerness: rowsOfPlaces(centerness, best[l]!, classes, 1).map(sigmoid),
    }));
    return decodePoints(candidates, generatePoints(grid), classes, scoreThreshold);
  }
}
