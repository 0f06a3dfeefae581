/**
 * Colour profiles of the usual kind, a matrix and three curves, applied to 8-bit RGB: about one photograph of COCO in eight carries
 * one that is not sRGB.
 *
 * Sources: ICC.1:2022 §8.3 (matrix profiles), §10.6 and §10.18 (curves), §10.31 (XYZ); IEC 61966-2-1 (sRGB).
 */
import { type RgbImage, rgbChannels } from './image.js';

/** Profile values to linear light, and that to linear sRGB. */
export interface MatrixProfile {
  /** Three times [256] linear light, 0 .. 1, of each value. */
  readonly curves: readonly [Float64Array, Float64Array, Float64Array];
  /** [3, 3] row by row: linear sRGB from linear light. */
  readonly matrix: readonly number[];
}

/** XYZ under D50, where profiles meet, to linear sRGB: the inverse of the columns in the sRGB profile of the ICC. */
const srgbFromXyz = [
  3.1338561, -1.6168667, -0.4906146, -0.9787684, 1.9161415, 0.033454, 0.0719453, -0.2289914, 1.4052427,
];

/**
 * Whether a profile says that values are sRGB: by its name, and with a curve of many points or a formula. Cameras also write
 * profiles named sRGB with a plain gamma, which are something else.
 */
export function isSrgb(profile: Uint8Array): boolean {
  const tags = readTags(profile);
  const [name, curve] = [tags?.get('desc'), tags?.get('rTRC')];
  if (!name || !curve || curve.byteLength < 12) return false;
  const text = textOf(name, 0, Math.min(200, name.byteLength)).replaceAll('\0', ''); // ASCII or UTF-16
  const detailed = textOf(curve, 0, 4) === 'para' || (textOf(curve, 0, 4) === 'curv' && curve.getUint32(8) > 1);
  return text.includes('sRGB') && detailed;
}

/** @returns undefined for a profile of another kind, for instance one with lookup tables, or with a matrix that makes no sense */
export function readMatrixProfile(profile: Uint8Array): MatrixProfile | undefined {
  const tags = readTags(profile);
  const header = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  if (!tags || textOf(header, 16, 20) !== 'RGB ' || textOf(header, 20, 24) !== 'XYZ ') return undefined;
  if (tags.has('A2B0')) return undefined; // tables take precedence over the matrix
  const columns = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => readXyz(tags.get(name)));
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => readCurve(tags.get(name)));
  const [red, green, blue] = columns;
  const [redCurve, greenCurve, blueCurve] = curves;
  if (!red || !green || !blue || !redCurve || !greenCurve || !blueCurve) return undefined;
  const matrix = [0, 1, 2].flatMap((row) =>
    [red, green, blue].map((column) => column.reduce((sum, value, i) => sum + srgbFromXyz[3 * row + i]! * value, 0)),
  );
  return staysInRange(matrix) ? { curves: [redCurve, greenCurve, blueCurve], matrix } : undefined;
}

/** The tagged parts of a profile; undefined when it is cut off. */
function readTags(profile: Uint8Array): Map<string, DataView> | undefined {
  if (profile.length < 132) return undefined;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const tags = new Map<string, DataView>();
  for (let i = 0, at = 132; i < view.getUint32(128); i++, at += 12) {
    if (at + 12 > profile.length) return undefined;
    const [offset, length] = [view.getUint32(at + 4), view.getUint32(at + 8)];
    if (offset + length > profile.length) return undefined;
    tags.set(textOf(view, at, at + 4), new DataView(profile.buffer, profile.byteOffset + offset, length));
  }
  return tags;
}

function textOf(view: DataView, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCharCode(view.getUint8(at));
  return text;
}

const fixed = (bits: number) => bits / 65536;

function readXyz(tag: DataView | undefined): number[] | undefined {
  if (!tag || tag.byteLength < 20) return undefined;
  return [8, 12, 16].map((at) => fixed(tag.getInt32(at)));
}

/** [256] linear light of each 8-bit value. */
function readCurve(tag: DataView | undefined): Float64Array | undefined {
  if (!tag || tag.byteLength < 12) return undefined;
  const type = textOf(tag, 0, 4);
  const curve = type === 'curv' ? tableCurve(tag) : type === 'para' ? parametricCurve(tag) : undefined;
  return curve && Float64Array.from({ length: 256 }, (_, value) => Math.min(1, Math.max(0, curve(value / 255))));
}

type Curve = (x: number) => number;

function tableCurve(tag: DataView): Curve | undefined {
  const count = tag.getUint32(8);
  if (tag.byteLength < 12 + 2 * count) return undefined;
  if (count === 0) return (x) => x;
  if (count === 1) return (x) => x ** (tag.getUint16(12) / 256);
  return (x) => {
    const at = x * (count - 1);
    const low = Math.min(count - 2, Math.floor(at));
    const [a, b] = [tag.getUint16(12 + 2 * low), tag.getUint16(14 + 2 * low)];
    return (a + (b - a) * (at - low)) / 65535;
  };
}

/** The five functions of ICC.1:2022, table 68. */
function parametricCurve(tag: DataView): Curve | undefined {
  const kind = tag.getUint16(8);
  const counts = [1, 3, 4, 5, 7];
  const count = counts[kind];
  if (count === undefined || tag.byteLength < 12 + 4 * count) return undefined;
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from({ length: count }, (_, i) =>
    fixed(tag.getInt32(12 + 4 * i)),
  );
  if (kind === 0) return (x) => x ** g;
  if (kind === 1) return (x) => (x >= -b / a ? (a * x + b) ** g : 0);
  if (kind === 2) return (x) => (x >= -b / a ? (a * x + b) ** g + c : c);
  return (x) => (x >= d ? (a * x + b) ** g + e : c * x + f);
}

/** Steps of the way back to 8 bits; at its steepest, near black, one step is a fifth of a value. */
const encodeSteps = 16384;
/** Linear light that the way back takes: colours outside of sRGB are below 0 or above 1, and go to its border. */
const range = { low: -2, high: 4 } as const;
const encoded = Uint8Array.from({ length: (range.high - range.low) * encodeSteps + 2 }, (_, i) => {
  const linear = Math.min(1, Math.max(0, i / encodeSteps + range.low));
  return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
});

/** Whether the linear light of every colour is in `range`; that of a profile in earnest is by far. */
function staysInRange(matrix: readonly number[]): boolean {
  const sumOfRow = (row: number, limit: (weight: number) => number) =>
    matrix.slice(3 * row, 3 * row + 3).reduce((sum, weight) => sum + limit(weight), 0);
  return [0, 1, 2].every(
    (row) =>
      sumOfRow(row, (weight) => Math.min(0, weight)) >= range.low &&
      sumOfRow(row, (weight) => Math.max(0, weight)) <= range.high,
  );
}

/** Turns a picture's pixels into sRGB; colours outside of it go to its border. */
export function applyProfile({ data }: RgbImage, { curves, matrix }: MatrixProfile): void {
  const [red, green, blue] = curves;
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = matrix.map((weight) => weight * encodeSteps) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zero = -range.low * encodeSteps + 0.5; // the place of 0; the half rounds
  for (let i = 0; i < data.length; i += rgbChannels) {
    const r = red[data[i]!]!;
    const g = green[data[i + 1]!]!;
    const b = blue[data[i + 2]!]!;
    data[i] = encoded[(rr * r + rg * g + rb * b + zero) | 0]!;
    data[i + 1] = encoded[(gr * r + gg * g + gb * b + zero) | 0]!;
    data[i + 2] = encoded[(br * r + bg * g + bb * b + zero) | 0]!;
  }
}
