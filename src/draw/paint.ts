/** Rectangles on the pixels of a picture. */
import type { RgbImage } from '../data/image/image.js';
import type { Rgb } from './colours.js';

/** Left, top, right and bottom edge in pixels. Edges within a pixel cover a part of it. */
export type Edges = readonly [x1: number, y1: number, x2: number, y2: number];

/** An area of a picture with transparency, row by row: red, green, blue, alpha. */
export interface RgbaArea {
  readonly data: Uint8Array;
  /** Of the whole picture, in pixels. */
  readonly width: number;
  /** First row, and how much of each is taken. */
  readonly top: number;
  readonly area: { readonly width: number; readonly height: number };
}

/** Fills a rectangle; what lies outside the picture is left out. @param opacity 0 … 1 */
export function fillRectangle(picture: RgbImage, [x1, y1, x2, y2]: Edges, colour: Rgb, opacity = 1): void {
  const { data, width, height } = picture;
  const [left, right] = [Math.max(0, Math.floor(x1)), Math.min(width, Math.ceil(x2))];
  const [top, bottom] = [Math.max(0, Math.floor(y1)), Math.min(height, Math.ceil(y2))];
  for (let y = top; y < bottom; y++) {
    const ofRow = opacity * (Math.min(y + 1, y2) - Math.max(y, y1));
    for (let x = left; x < right; x++) {
      const cover = ofRow * (Math.min(x + 1, x2) - Math.max(x, x1));
      const at = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) data[at + c]! += Math.round(cover * (colour[c]! - data[at + c]!));
    }
  }
}

/**
 * The edges of a box as lines that lie half inside and half outside it.
 *
 * @param dash lengths of a dash and of the gap after it. Default: one line
 */
export function paintFrame(
  picture: RgbImage,
  edges: Edges,
  line: number,
  colour: Rgb,
  { opacity = 1, dash }: { readonly opacity?: number; readonly dash?: readonly [number, number] | undefined } = {},
): void {
  const half = line / 2;
  // An edge far outside is drawn just outside: a box may be as large as a damaged file says.
  const near = (value: number, size: number) => Math.max(-line, Math.min(value, size + line));
  const [x1, x2] = [near(edges[0], picture.width), near(edges[2], picture.width)];
  const [y1, y2] = [near(edges[1], picture.height), near(edges[3], picture.height)];
  for (const y of [y1, y2])
    for (const [from, to] of pieces(x1 - half, x2 + half, dash))
      fillRectangle(picture, [from, y - half, to, y + half], colour, opacity);
  for (const x of [x1, x2])
    for (const [from, to] of pieces(y1 + half, y2 - half, dash))
      fillRectangle(picture, [x - half, from, x + half, to], colour, opacity);
}

function pieces(from: number, to: number, dash: readonly [number, number] | undefined): [number, number][] {
  if (to <= from) return [];
  if (dash === undefined) return [[from, to]];
  const period = dash[0] + dash[1];
  return Array.from({ length: Math.ceil((to - from) / period) }, (_, i) => {
    const start = from + i * period;
    return [start, Math.min(start + dash[0], to)];
  });
}

/** Lays an area over a picture, its left top at [x, y], whole pixels inside the picture. */
export function layOver({ data, width }: RgbImage, over: RgbaArea, x: number, y: number): void {
  for (let row = 0; row < over.area.height; row++) {
    let from = 4 * (over.top + row) * over.width;
    let to = 3 * ((y + row) * width + x);
    for (let column = 0; column < over.area.width; column++, from += 4, to += 3) {
      const cover = over.data[from + 3]! / 255;
      for (let c = 0; c < 3; c++) data[to + c]! += Math.round(cover * (over.data[from + c]! - data[to + c]!));
    }
  }
}
