/** The names at boxes: where they go, and how they look. */
import sharp from 'sharp';
import type { RgbImage } from '../data/image/image.js';
import { shortened } from '../formats/shortened.js';
import { classColour, inkOn, toHex } from './colours.js';
import type { DrawnBox } from './drawBoxes.js';
import { letter } from './lettering.js';
import { layOver } from './paint.js';

/** A tag's place, in whole pixels of the picture. */
export interface Tag {
  readonly text: string;
  readonly label: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Letters of a tag. A longer one would hide the picture, or take minutes to draw. */
const longestTag = 40;

/** Height of capitals, in pixels of a picture of `width` x `height`. */
const letterSizeOf = (width: number, height: number) => Math.min(28, Math.max(8, Math.min(width, height) / 50));
const paddingOf = (letterSize: number) => letterSize * 0.4;

/**
 * Places a tag for each box with a text, the best box's first: a tag may cover a frame, but not another tag.
 *
 * @param boxes the best last
 * @param scale what box coordinates are multiplied by
 * @returns in the order in which they were placed
 */
export function placeTags(width: number, height: number, boxes: readonly DrawnBox[], scale = 1): Tag[] {
  const letterSize = letterSizeOf(width, height);
  const padding = paddingOf(letterSize);
  const tags: Tag[] = [];
  for (const { box, label, text: whole } of boxes.toReversed()) {
    if (!whole) continue;
    const text = shortened(whole, longestTag);
    const size = [letter(text, 0, 0, letterSize, '#000').width + 2 * padding, letterSize * 1.34 + 2 * padding];
    // A name that is longer than the picture is cut off.
    const [tagWidth, tagHeight] = [Math.min(width, Math.ceil(size[0]!)), Math.min(height, Math.ceil(size[1]!))];
    const scaled = box.map((value) => value * scale) as [number, number, number, number];
    const [x, y] = freePlace(scaled, [tagWidth, tagHeight], [width, height], tags);
    tags.push({ text, label, x, y, width: tagWidth, height: tagHeight });
  }
  return tags;
}

/** In one SVG. librsvg leaves out what lies beyond 32,767 pixels. */
const tagsAtOnce = 200;

/**
 * Draws the tags on a picture, the first one on top. An SVG of nothing but tags, one below the other, takes a tenth of the time that
 * one of the picture's size takes.
 */
export async function drawTags(picture: RgbImage, tags: readonly Tag[]): Promise<void> {
  const fromBelow = tags.toReversed();
  for (let from = 0; from < fromBelow.length; from += tagsAtOnce)
    await drawColumn(picture, fromBelow.slice(from, from + tagsAtOnce));
}

async function drawColumn(picture: RgbImage, tags: readonly Tag[]): Promise<void> {
  const letterSize = letterSizeOf(picture.width, picture.height);
  const padding = paddingOf(letterSize);
  const height = tags[0]!.height; // the same for all
  const width = Math.max(...tags.map((tag) => tag.width));
  const shapes = tags.map(({ text, label, width: tagWidth }, i) => {
    const [colour, top] = [classColour(label), i * height];
    const rectangle = `<rect y="${top}" width="${tagWidth}" height="${height}" rx="${padding / 2}" fill="${toHex(colour)}" fill-opacity="0.9"/>`;
    return rectangle + letter(text, padding, top + padding + letterSize, letterSize, toHex(inkOn(colour))).svg;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height * tags.length}">${shapes.join('')}</svg>`;
  const data = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer();
  for (const [i, tag] of tags.entries()) layOver(picture, { data, width, top: i * height, area: tag }, tag.x, tag.y);
}

/** Above the box, else inside at its top, else below, else inside at its bottom, always in the picture: the first that is free. */
function freePlace(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  [tagWidth, tagHeight]: readonly [number, number],
  [width, height]: readonly [number, number],
  placed: readonly Tag[],
): [x: number, y: number] {
  const clampX = (x: number) => Math.round(Math.max(0, Math.min(x, width - tagWidth)));
  const clampY = (y: number) => Math.round(Math.max(0, Math.min(y, height - tagHeight)));
  const heights = [y1 - tagHeight, y1, y2, y2 - tagHeight];
  const candidates = [x1, x2 - tagWidth].flatMap((x) => heights.map((y): [number, number] => [clampX(x), clampY(y)]));
  const overlaps = ([x, y]: [number, number], other: Tag) =>
    x < other.x + other.width && other.x < x + tagWidth && y < other.y + other.height && other.y < y + tagHeight;
  return candidates.find((place) => !placed.some((other) => overlaps(place, other))) ?? candidates[0]!;
}
