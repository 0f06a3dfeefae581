import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import type { RgbImage } from '../../src/data/image/image.js';

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cmtdet-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A picture of one colour. */
export function plainImage(width: number, height: number, colour: readonly [number, number, number]): RgbImage {
  return { data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!), width, height };
}

/** Writes a picture; the extension chooses the format. */
export async function savePicture(file: string, { data, width, height }: RgbImage): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(file);
}
