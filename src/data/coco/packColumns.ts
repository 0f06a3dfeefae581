/** Detections as bytes, for another process: every number to the last bit. */
import type { CocoId } from './cocoFile.js';
import type { DetectionColumns } from './detectionColumns.js';

/** Numbers of 8 bytes come first, so that they lie where typed arrays want them; ids that are not numbers follow as JSON. */
export function packColumns({ length, imageIds, categoryIds, boxesXywh, scores }: DetectionColumns): Uint8Array {
  const ids = imageIds instanceof Float64Array ? imageIds : new Float64Array(length);
  const text = imageIds instanceof Float64Array ? '' : JSON.stringify(imageIds);
  const numbers = [Float64Array.of(length), ids, categoryIds, boxesXywh, scores];
  return Buffer.concat([
    ...numbers.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    Buffer.from(text),
  ]);
}

/** One after the other, what {@link packColumns} made of several columns. */
export function unpackColumns(parts: readonly Uint8Array[]): DetectionColumns {
  const columns = parts.map(unpack);
  const join = (key: 'categoryIds' | 'boxesXywh' | 'scores') =>
    Float64Array.from(columns.flatMap((part) => [...part[key]]));
  return {
    length: columns.reduce((sum, { length }) => sum + length, 0),
    imageIds: columns.flatMap(({ imageIds }): CocoId[] => [...imageIds]),
    categoryIds: join('categoryIds'),
    boxesXywh: join('boxesXywh'),
    scores: join('scores'),
  };
}

function unpack(bytes: Uint8Array): DetectionColumns {
  const numbersOf = (from: number, count: number) =>
    new Float64Array(new Uint8Array(bytes.subarray(8 * from, 8 * (from + count))).buffer);
  const [length = 0] = numbersOf(0, 1);
  const text = Buffer.from(bytes.subarray(8 * (1 + 7 * length))).toString();
  return {
    length,
    imageIds: text === '' ? numbersOf(1, length) : (JSON.parse(text) as CocoId[]),
    categoryIds: numbersOf(1 + length, length),
    boxesXywh: numbersOf(1 + 2 * length, 4 * length),
    scores: numbersOf(1 + 6 * length, length),
  };
}
