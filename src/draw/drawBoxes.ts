import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '../data/image/image.js';
import { rgbChannels } from '../data/image/image.js';
import { classColour } from './colours.js';
import { paintFrame } from './paint.js';
import { drawTags, placeTags } from './tags.js';
import { writePicture } from './writePicture.js';

/** A box to be drawn. */
export interface DrawnBox {
  /** xyxy in pixels of the picture. */
  readonly box: readonly [number, number, number, number];
  /** Decides the colour. */
  readonly label: number;
  /** Written at the box, for instance `circle 0.97`. */
  readonly text: string;
  /** Dashed lines set targets apart from detections. */
  readonly dashed?: boolean;
}

/** Shorter pictures are enlarged, so that letters do not cover what they name. Pixels. */
const readableSide = 400;

/**
 * Draws boxes on a picture and writes it; the ending of `file` decides the format. A small picture is enlarged by a whole
 * factor first.
 *
 * @param boxes later ones lie on top, so give the best last
 */
export async function drawBoxes(image: RgbImage, boxes: readonly DrawnBox[], file: string): Promise<void> {
  await writePicture(await boxesOn(image, boxes), file);
}

/** The picture that {@link drawBoxes} writes. */
export async function boxesOn(image: RgbImage, boxes: readonly DrawnBox[]): Promise<Sharp> {
  const scale = Math.max(1, Math.ceil(readableSide / Math.min(image.width, image.height)));
  const picture = await resized(image, image.width * scale, image.height * scale);
  await paintBoxes(picture, boxes, scale);
  return sharpOf(picture);
}

/** A copy of the picture at another size. */
export async function resized(image: RgbImage, width: number, height: number): Promise<RgbImage> {
  if (width === image.width && height === image.height) return { ...image, data: image.data.slice() };
  const data = await sharpOf(image).resize({ width, height, fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
  return { data, width, height };
}

/** A picture for sharp. */
export function sharpOf({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: rgbChannels } });
}

/**
 * Draws boxes on the pixels of a picture: all frames, then the tags.
 *
 * @param scale what box coordinates are multiplied by
 */
export async function paintBoxes(picture: RgbImage, boxes: readonly DrawnBox[], scale = 1): Promise<void> {
  const { width, height } = picture;
  const line = Math.max(1.5, Math.min(width, height) / 190);
  for (const { box, label, dashed } of boxes) {
    const edges = box.map((value) => value * scale) as [number, number, number, number];
    const dash = dashed ? ([4 * line, 3 * line] as const) : undefined;
    paintFrame(picture, edges, line + 1.5, [0, 0, 0], { opacity: 0.45, dash });
    paintFrame(picture, edges, line, classColour(label), { dash });
  }
  await drawTags(picture, placeTags(width, height, boxes, scale));
}
