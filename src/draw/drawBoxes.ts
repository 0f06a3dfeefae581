import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '../data/image/image.js';
import { rgbChannels } from '../data/image/image.js';
import { shortened } from '../formats/shortened.js';
import { classColour, inkOn, toHex } from './colours.js';
import { letter } from './lettering.js';
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
  await writePicture(boxesOn(image, boxes), file);
}

/** The picture that {@link drawBoxes} writes. */
export function boxesOn(image: RgbImage, boxes: readonly DrawnBox[]): Sharp {
  const { data, width, height } = image;
  const scale = Math.max(1, Math.ceil(readableSide / Math.min(width, height)));
  const size = { width: width * scale, height: height * scale };
  const overlay = Buffer.from(boxesSvg(size.width, size.height, boxes, scale));
  // librsvg leaves out what lies beyond 32,767 pixels, which no picture here reaches: decoding stops before.
  return sharp(data, { raw: { width, height, channels: rgbChannels } })
    .resize({ ...size, kernel: 'cubic' })
    .composite([{ input: overlay }])
    .removeAlpha(); // which the overlay brings
}

/** Letters of a tag. A longer one would hide the picture, or take minutes to draw. */
const longestTag = 40;

type Rectangle = readonly [x: number, y: number, width: number, height: number];

/**
 * The overlay of a picture of `width` x `height` pixels.
 *
 * @param scale what box coordinates are multiplied by
 */
export function boxesSvg(width: number, height: number, boxes: readonly DrawnBox[], scale = 1): string {
  const shortSide = Math.min(width, height);
  const line = Math.max(1.5, shortSide / 190);
  const letterSize = Math.min(28, Math.max(8, shortSide / 50));
  const shapes: string[] = [];
  const tags: string[] = [];
  const placed: Rectangle[] = [];
  // Frames first, then the tags of the best boxes first: a tag may cover a frame, but not another tag.
  for (const { box, label, dashed } of boxes) {
    const [x1, y1, x2, y2] = box.map((value) => round(value * scale)) as [number, number, number, number];
    const colour = toHex(classColour(label));
    const frame = `<rect x="${x1}" y="${y1}" width="${round(x2 - x1)}" height="${round(y2 - y1)}" fill="none"`;
    const dash = dashed ? ` stroke-dasharray="${round(4 * line)} ${round(3 * line)}"` : '';
    shapes.push(
      `${frame} stroke="#000" stroke-opacity="0.45" stroke-width="${round(line + 1.5)}"${dash}/>`,
      `${frame} stroke="${colour}" stroke-width="${round(line)}"${dash}/>`,
    );
  }
  for (const { box, label, text: whole } of boxes.toReversed()) {
    if (!whole) continue;
    const text = shortened(whole, longestTag);
    const padding = letterSize * 0.4;
    const { width: textWidth } = letter(text, 0, 0, letterSize, '#000');
    const [tagWidth, tagHeight] = [textWidth + 2 * padding, letterSize * 1.34 + 2 * padding];
    const scaled = box.map((value) => value * scale) as [number, number, number, number];
    const [x, y] = placeTag(scaled, [tagWidth, tagHeight], [width, height], placed);
    placed.push([x, y, tagWidth, tagHeight]);
    const colour = classColour(label);
    const tag = `<rect x="${round(x)}" y="${round(y)}" width="${round(tagWidth)}" height="${round(tagHeight)}" rx="${round(padding / 2)}" fill="${toHex(colour)}" fill-opacity="0.9"/>`;
    tags.push(tag + letter(text, x + padding, y + padding + letterSize, letterSize, toHex(inkOn(colour))).svg);
  }
  const body = [...shapes, ...tags.reverse()].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
}

/** Above the box, else inside at its top, else below, else inside at its bottom: the first that is free and in the picture. */
function placeTag(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  [tagWidth, tagHeight]: readonly [number, number],
  [width, height]: readonly [number, number],
  placed: readonly Rectangle[],
): [x: number, y: number] {
  const clampX = (x: number) => Math.max(0, Math.min(x, width - tagWidth));
  const clampY = (y: number) => Math.max(0, Math.min(y, height - tagHeight));
  const heights = [y1 - tagHeight, y1, y2, y2 - tagHeight];
  const candidates = [x1, x2 - tagWidth].flatMap((x) => heights.map((y): [number, number] => [clampX(x), y]));
  const inside = candidates.filter(([, y]) => y >= 0 && y + tagHeight <= height);
  const free = inside.find(([x, y]) => !placed.some((other) => overlaps([x, y, tagWidth, tagHeight], other)));
  return free ?? inside[0] ?? [clampX(x1), clampY(y1)];
}

function overlaps([ax, ay, aw, ah]: Rectangle, [bx, by, bw, bh]: Rectangle): boolean {
  return ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah;
}

const round = (value: number) => Math.round(value * 100) / 100;
