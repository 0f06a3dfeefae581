import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { writeAtomically } from '../../formats/atomic.js';
import type { CocoFile } from './cocoFile.js';
import type { DetectionColumns } from './detectionColumns.js';

/**
 * Writes detections as a COCO results file, one a line; gzip if the name ends in `.gz`. Boxes and scores are written to
 * the last bit, so that measuring the file gives the numbers of measuring the columns.
 */
export async function writeResults(path: string, detections: DetectionColumns): Promise<void> {
  await writePieces(path, resultPieces(detections));
}

/** Writes annotations; gzip if the name ends in `.gz`. */
export async function writeCoco(
  path: string,
  file: Pick<CocoFile, 'images' | 'annotations' | 'categories'>,
): Promise<void> {
  await writePieces(path, cocoPieces(file));
}

/** The pieces of a file never become one string: there is a limit of about 512 MB on those. */
async function writePieces(path: string, pieces: Iterable<string>): Promise<void> {
  await writeAtomically(path, async (file) => {
    const source = Readable.from(pieces);
    const packed = path.endsWith('.gz') ? source.pipe(createGzip()) : source;
    for await (const chunk of packed) await file.writeFile(chunk); // continues where the last one ended
  });
}

function* cocoPieces({ images, annotations, categories }: Parameters<typeof writeCoco>[1]): Generator<string> {
  yield `{"images": ${listText(images).join('')}`;
  yield ',\n"annotations": ';
  yield* listText(annotations);
  yield `,\n"categories": ${listText(categories).join('')}}\n`;
}

const rowsPerPiece = 4096;

function listText(rows: readonly object[]): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < rows.length; at += rowsPerPiece) {
    const part = rows.slice(at, at + rowsPerPiece).map((row) => JSON.stringify(row));
    pieces.push((at === 0 ? '[\n' : ',\n') + part.join(',\n'));
  }
  return [...(pieces.length > 0 ? pieces : ['[']), ']'];
}

function* resultPieces({ length, imageIds, categoryIds, boxesXywh, scores }: DetectionColumns): Generator<string> {
  for (let start = 0; start < length; start += rowsPerPiece) {
    let piece = start === 0 ? '[\n' : ',\n';
    const end = Math.min(length, start + rowsPerPiece);
    for (let i = start; i < end; i++) {
      const box = `[${boxesXywh.subarray(4 * i, 4 * i + 4).join(',')}]`;
      if (i > start) piece += ',\n';
      piece += `{"image_id":${JSON.stringify(imageIds[i])},"category_id":${categoryIds[i]},"bbox":${box},"score":${scores[i]}}`;
    }
    yield piece;
  }
  yield length > 0 ? ']\n' : '[]\n';
}
