import type { Random } from '../../random.js';
import { type RgbImage, rgbChannels } from '../image/image.js';

export interface PhotometricOptions {
  /** Chance of each of the four, for each picture. */
  readonly probability: number;
  /** Largest shift, of 255. */
  readonly brightness: number;
  /** Factors from 1 - c to 1 + c. */
  readonly contrast: number;
  /** Factors from 1 - s to 1 + s. */
  readonly saturation: number;
  /** Largest turn of the colours about grey, in degrees. */
  readonly hue: number;
}

type Row = [red: number, green: number, blue: number, shift: number];
/** [3, 4] row by row: red', green', blue' from red, green, blue, 1. */
export type ColourMatrix = readonly [...Row, ...Row, ...Row];

/**
 * Draws a distortion of brightness, contrast, saturation and hue.
 *
 * Source: Liu et al., "SSD" (2016), §3.6, after Howard (2013). SSD distorts saturation and hue in HSV; here saturation scales the
 * distance to grey (luma of BT.601) and hue turns about the grey axis in YIQ, so that all four are one linear map, rounded once.
 *
 * @returns undefined when nothing was drawn
 */
export function drawPhotometric(options: PhotometricOptions, random: Random): ColourMatrix | undefined {
  const { probability, brightness, contrast, saturation, hue } = options;
  const draw = (limit: number, neutral: number) =>
    random.bool(probability) ? random.uniform(neutral - limit, neutral + limit) : neutral;
  const shift = draw(brightness, 0);
  const factor = draw(contrast, 1);
  const colour = draw(saturation, 1);
  const turn = (draw(hue, 0) * Math.PI) / 180;
  if (shift === 0 && factor === 1 && colour === 1 && turn === 0) return undefined;
  return colourMatrix(shift, factor, colour, turn);
}

const luma = [0.299, 0.587, 0.114];

/** Brightness is added first, then contrast multiplies, then saturation and hue. @param turn in radians */
export function colourMatrix(shift: number, factor: number, colour: number, turn: number): ColourMatrix {
  // Colour = luma + chroma. Chroma is scaled by `colour` and turned; luma stays.
  const [cos, sin] = [colour * Math.cos(turn), colour * Math.sin(turn)];
  // The turn by 90 degrees in YIQ, back in RGB: (YIQ -> RGB) (I -> Q, Q -> -I) (RGB -> YIQ).
  const quarter = [
    [0.16774, 0.32931, -0.49705],
    [-0.32811, 0.03547, 0.29264],
    [1.24955, -1.04634, -0.20321],
  ];
  const row = (channel: number): Row => {
    const [red, green, blue] = luma.map((grey, column) => {
      const chroma = (column === channel ? 1 : 0) - grey;
      return factor * (grey + cos * chroma + sin * quarter[channel]![column]!);
    }) as [number, number, number];
    return [red, green, blue, shift * (red + green + blue)];
  };
  return [...row(0), ...row(1), ...row(2)];
}

/** The picture with its colours mapped, rounded and limited to 0 .. 255. */
export function mapColours({ data, width, height }: RgbImage, matrix: ColourMatrix): RgbImage {
  const [rr, rg, rb, r1, gr, gg, gb, g1, br, bg, bb, b1] = matrix;
  const out = new Uint8ClampedArray(data.length); // rounds and limits
  for (let i = 0; i < data.length; i += rgbChannels) {
    const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
    out[i] = rr * red + rg * green + rb * blue + r1;
    out[i + 1] = gr * red + gg * green + gb * blue + g1;
    out[i + 2] = br * red + bg * green + bb * blue + b1;
  }
  return { data: new Uint8Array(out.buffer), width, height };
}
