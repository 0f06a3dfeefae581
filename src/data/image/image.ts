/** A decoded picture: 8-bit sRGB, upright, [height, width, 3] row by row. docs/data.md says how each kind of file becomes one. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Whole pixels: columns `left` .. `left + width - 1`, rows `top` .. `top + height - 1`. */
export interface PixelRect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What a colour profile in a file does: it turns the pixels into sRGB, or the numbers stay as they are stored. */
export type ColourProfiles = 'apply' | 'ignore';

/** Says which part of a picture of this size is wanted. */
export type ChoosePart = (size: { readonly width: number; readonly height: number }) => PixelRect;

/**
 * Reads a picture from a file path or from the file's bytes.
 *
 * With `choosePart` it gives that part alone: the same pixels as cutting the whole picture, for a plain JPEG with less work.
 *
 * @throws ImageError with the file (or `<bytes>`) and the reason, when there is no whole picture in it
 */
export type DecodeImage = (source: string | Uint8Array, choosePart?: ChoosePart) => Promise<RgbImage>;

/** A part of a picture, in the picture's own memory, so that the picture is gone. */
export function cutOut(image: RgbImage, { left, top, width, height }: PixelRect): RgbImage {
  if (width === image.width && height === image.height) return image;
  const stride = image.width * rgbChannels;
  const rowBytes = width * rgbChannels;
  let from = top * stride + left * rgbChannels;
  if (rowBytes === stride) return { data: image.data.subarray(from, from + height * stride), width, height };
  // Each row moves towards the beginning, over what has moved already.
  for (let to = 0; to < height * rowBytes; to += rowBytes, from += stride)
    image.data.copyWithin(to, from, from + rowBytes);
  return { data: image.data.subarray(0, height * rowBytes), width, height };
}

/** A part of a picture, which stays as it is. */
export function copyOf(image: RgbImage, { left, top, width, height }: PixelRect): RgbImage {
  const data = new Uint8Array(width * height * rgbChannels);
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * image.width + left) * rgbChannels;
    data.set(image.data.subarray(from, from + width * rgbChannels), row * width * rgbChannels);
  }
  return { data, width, height };
}

/** Colour channels everywhere in cmtdet. */
export const rgbChannels = 3;

/** Mean of each channel, 0 - 255: what `cmtdet data image` prints, and an easy check that two decoders agree. */
export function meanColour({ data }: RgbImage): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < data.length; i += rgbChannels) {
    sum[0] += data[i]!;
    sum[1] += data[i + 1]!;
    sum[2] += data[i + 2]!;
  }
  const pixels = Math.max(1, data.length / rgbChannels);
  return [sum[0] / pixels, sum[1] / pixels, sum[2] / pixels];
}
