import { type InputRule, inferenceShape, inputSize, type Size } from '../../geometry/size.js';
import { type RgbImage, rgbChannels } from '../image/image.js';
import { pillowResizeInto } from '../image/pillowResize.js';
import type { PartMove } from './parts.js';

/** Fills the target of a move, and nothing else, with the part. @param pixels [shape.height, shape.width, 3] */
export function placePart(image: RgbImage, { part, target, mirror }: PartMove, shape: Size, pixels: Uint8Array): void {
  const { width, height } = target;
  const stride = shape.width * rgbChannels;
  const offset = target.top * stride + target.left * rgbChannels;
  pillowResizeInto(
    image,
    { width, height, filter: 'bilinear', source: part, mirror },
    { data: pixels, offset, stride },
  );
}

/** Blackens what is right of `input` and below it. @param pixels [shape.height, shape.width, 3] */
export function clearAround(input: Size, shape: Size, pixels: Uint8Array): void {
  const stride = shape.width * rgbChannels;
  const used = input.width * rgbChannels;
  if (used < stride)
    for (let row = 0; row < input.height; row++) pixels.fill(0, row * stride + used, (row + 1) * stride);
  pixels.fill(0, input.height * stride);
}

/** One picture as the network takes it: resized by the rule, black to the shape that the rule has for it. */
export interface InputPicture {
  /** [shape.height, shape.width, 3] */
  readonly pixels: Uint8Array;
  readonly shape: Size;
  /** Without the padding. */
  readonly input: Size;
}

/** The same pixels as a batch of a measurement has of the picture. */
export function inputPicture(image: RgbImage, rule: InputRule): InputPicture {
  const input = inputSize(image, rule);
  const shape = inferenceShape(input, rule);
  const pixels = new Uint8Array(shape.width * shape.height * rgbChannels);
  const part = { left: 0, top: 0, width: image.width, height: image.height };
  placePart(image, { part, target: { left: 0, top: 0, ...input }, mirror: false }, shape, pixels);
  return { pixels, shape, input };
}
