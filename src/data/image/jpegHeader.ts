/**
 * What the header of a JPEG says, and whether the fast decoder may read it.
 *
 * Sources: ITU-T T.81 annex B (markers), Exif 2.3 §4.6 (orientation), ICC.1:2022 §7 and annex B.4 (profiles), Adobe technical
 * note 5116 §18 (transform).
 */

import { isSrgb, type MatrixProfile, readMatrixProfile } from './matrixProfile.js';

export interface JpegHeader {
  /** As stored; `orientation` may exchange them. */
  readonly width: number;
  readonly height: number;
  /** Exif's 1 .. 8; 1 when there is none. */
  readonly orientation: number;
  /** Huffman-coded, 8 bits, baseline or progressive: what every decoder reads. */
  readonly common: boolean;
  readonly components: number;
  /** What the numbers mean: sRGB (also where the file does not say), or what a profile of the usual kind says; `other` is neither. */
  readonly profile: 'sRGB' | MatrixProfile | 'other';
  /** The components are luma and two chroma, as usual, or luma alone; not RGB, CMYK or YCCK. */
  readonly lumaChroma: boolean;
}

/** Orientations from 5 on exchange rows and columns. */
export const exchangesSides = (orientation: number) => orientation >= 5;

/**
 * Reads the segments in front of the pixels.
 *
 * @param bytes the beginning of a file; enough of it to reach the frame header
 * @returns undefined when this is not a JPEG, or its frame header is further on
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  if (!isJpeg(bytes)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let orientation = 1;
  let profile: JpegHeader['profile'] = 'sRGB';
  let adobeTransform: number | undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    const length = view.getUint16(at + 2);
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (length < 2 || segment.length < length - 2) return undefined;
    if (isFrame(marker)) return frameHeader(marker, segment, { orientation, profile, adobeTransform });
    if (marker === marks.scan || marker === marks.end) return undefined;
    if (marker === marks.app1 && startsWith(segment, 'Exif\0\0')) orientation = exifOrientation(segment.subarray(6));
    if (marker === marks.app2 && startsWith(segment, 'ICC_PROFILE\0')) profile = readProfile(segment);
    if (marker === marks.app14 && startsWith(segment, 'Adobe')) adobeTransform = segment[11];
    at += 2 + length;
  }
  return undefined;
}

/** A header of a file of which both decoders give the same picture, which the fast one may therefore read. */
export type PlainJpegHeader = JpegHeader & { readonly profile: 'sRGB' | MatrixProfile };

export function isPlainJpeg(header: JpegHeader): header is PlainJpegHeader {
  const { common, lumaChroma, profile, width, height } = header;
  return common && lumaChroma && profile !== 'other' && width > 0 && height > 0;
}

/**
 * Whether the picture's end mark is there, after the beginning of its pixels: if not, the file is cut off. (A thumbnail in the
 * header has an end mark of its own.)
 */
export function hasEnd(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.lastIndexOf(endMark);
  const nothingBehind = end === bytes.length - endMark.length; // as nearly always: no need to look for the pixels
  return end > 0 && (nothingBehind || end > buffer.lastIndexOf(scanMark));
}

const endMark = Buffer.from([0xff, 0xd9]);
const scanMark = Buffer.from([0xff, 0xda]);

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

const marks = { end: 0xd9, scan: 0xda, app1: 0xe1, app2: 0xe2, app14: 0xee } as const;

/** SOF0 .. SOF15 without DHT, JPG and DAC, which lie between them. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Baseline, extended sequential and progressive, with Huffman codes. */
const isCommonFrame = (marker: number) => marker <= 0xc2;

interface BeforeFrame {
  readonly orientation: number;
  readonly profile: JpegHeader['profile'];
  readonly adobeTransform: number | undefined;
}

function frameHeader(marker: number, segment: Uint8Array, before: BeforeFrame): JpegHeader | undefined {
  if (segment.length < 6) return undefined;
  const [precision, heightHigh, heightLow, widthHigh, widthLow, components] = segment as unknown as number[];
  const ids = String.fromCharCode(...[6, 9, 12].map((i) => segment[i] ?? 0));
  const { orientation, profile, adobeTransform } = before;
  return {
    width: widthHigh! * 256 + widthLow!,
    height: heightHigh! * 256 + heightLow!,
    orientation,
    common: isCommonFrame(marker) && precision === 8,
    components: components!,
    profile,
    lumaChroma: components === 1 || (components === 3 && adobeTransform !== 0 && ids !== 'RGB'),
  };
}

/** The orientation tag of a TIFF block's first directory; 1 when it has none that makes sense. */
function exifOrientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const littleEndian = startsWith(tiff, 'II');
  const directory = view.getUint32(4, littleEndian);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, littleEndian);
  for (let i = 0; i < entries; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, littleEndian) !== 0x0112) continue;
    const value = view.getUint16(at + 8, littleEndian);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** A profile in several segments is `other`: that kind has tables. */
function readProfile(segment: Uint8Array): JpegHeader['profile'] {
  if (segment[13] !== 1) return 'other';
  const profile = segment.subarray(14); // after the signature, this segment's number, and their count
  return isSrgb(profile) ? 'sRGB' : (readMatrixProfile(profile) ?? 'other');
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}
