/** Holds what callers give a model to what its graph needs, before anything of it is copied or traced. */
import { rgbChannels } from '../data/image/image.js';
import { EngineError } from '../errors.js';
import { type Size, sizeDivisor } from '../geometry/size.js';
import type { DetectorInput } from './detectorInput.js';

/** Of a batch: 200 pictures of 1333 x 1333, more than the activations of any network here leave room for. */
const maxValues = 2 ** 30;

/** @throws EngineError naming the first thing that does not fit */
export function checkDetectorInput(input: DetectorInput, originalSizes: readonly Size[]): void {
  const { images, batchSize, height, width, inputSizes } = input;
  checkType('images', images, Uint8Array);
  checkType('inputSizes', inputSizes, Int32Array);
  checkSides({ batchSize, height, width });
  const values = batchSize * height * width * rgbChannels;
  checkCount('images', images.length, values, `${batchSize} x ${height} x ${width} x ${rgbChannels}`);
  checkCount('inputSizes', inputSizes.length, 2 * batchSize, `2 for each of ${batchSize} pictures`);
  if (!Array.isArray(originalSizes) || originalSizes.length > batchSize)
    throw wrong('originalSizes', `at most ${batchSize}, one a picture`, originalSizes?.length);
  for (const b of originalSizes.keys()) {
    const [inner, outer] = [
      [inputSizes[2 * b]!, inputSizes[2 * b + 1]!],
      [height, width],
    ] as const;
    if (inner.some((side, axis) => side < 1 || side > outer[axis]!))
      throw wrong(`inputSizes of picture ${b}`, `1 x 1 to ${height} x ${width}`, inner.join(' x '));
  }
  for (const [b, size] of originalSizes.entries())
    for (const side of ['height', 'width'] as const)
      if (!(size?.[side] >= 1 && Number.isFinite(size[side])))
        throw wrong(`originalSizes[${b}].${side}`, 'pixels, at least 1', size?.[side]);
}

/** @param type of the pictures' numbers. @throws EngineError naming the first thing that does not fit */
export function checkClassifierInput(
  images: Float32Array | Uint8Array,
  shape: readonly number[],
  type: typeof Float32Array | typeof Uint8Array,
): void {
  checkType('images', images, type);
  if (!Array.isArray(shape) || shape.length !== 4 || shape[3] !== rgbChannels)
    throw wrong('shape', `[B, H, W, ${rgbChannels}]`, Array.isArray(shape) ? `[${shape.join(', ')}]` : shape);
  const [batchSize, height, width] = shape as [number, number, number];
  checkSides({ batchSize, height, width });
  const values = batchSize * height * width * rgbChannels;
  if (images.length !== values) throw wrong('images', `${values} numbers for [${shape.join(', ')}]`, images.length);
}

/** @throws EngineError where pixels and sides of a decoded picture disagree */
export function checkPicture(image: { data: Uint8Array } & Size): void {
  const { data, width, height } = image ?? {};
  checkType('data', data, Uint8Array);
  checkSize({ width, height });
  if (data.length !== width * height * rgbChannels)
    throw wrong('data', `${width * height * rgbChannels} bytes for ${width} x ${height} pixels`, data.length);
}

/** @throws EngineError where a picture cannot have these sides */
export function checkSize(size: Size): void {
  const { width, height } = size ?? {};
  for (const [name, side] of Object.entries({ width, height }))
    if (!(Number.isSafeInteger(side) && side >= 1)) throw wrong(name, 'a whole number of pixels, at least 1', side);
}

function checkSides({ batchSize, height, width }: Record<'batchSize' | 'height' | 'width', number>): void {
  if (!(Number.isSafeInteger(batchSize) && batchSize >= 1))
    throw wrong('batchSize', 'a whole number, at least 1', batchSize);
  for (const [name, side] of Object.entries({ height, width }))
    if (!(Number.isSafeInteger(side) && side >= sizeDivisor && side % sizeDivisor === 0))
      throw wrong(name, `a multiple of ${sizeDivisor}`, side);
  if (batchSize * height * width * rgbChannels > maxValues)
    throw wrong('the batch', `at most ${maxValues} numbers`, batchSize * height * width * rgbChannels);
}

function checkType(name: string, value: unknown, type: typeof Float32Array | typeof Uint8Array | typeof Int32Array) {
  if (value instanceof type) return;
  const found = typeof value === 'object' && value !== null ? value.constructor?.name : String(value);
  throw wrong(name, `a ${type.name}`, found);
}

function checkCount(name: string, found: number, needed: number, why: string): void {
  if (found < needed) throw wrong(name, `at least ${needed} numbers (${why})`, found);
}

const wrong = (name: string, expected: string, found: unknown) =>
  new EngineError(`${name}: expected ${expected}, found ${found}`);
