import { createHash } from 'node:crypto';
import type { RgbImage } from '../../src/data/image/image.js';

/**
 * Reproducible noise, the same as this NumPy line makes, so that other tools can be given the same picture:
 * `(((np.arange(w*h*3, dtype='u8') + w + h) * 2654435761 & 0xffffffff) >> 13).astype('u1').reshape(h, w, 3)`.
 */
export function noiseImage(width: number, height: number): RgbImage {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => Math.imul(i + width + height, 2654435761) >>> 13,
  );
  return { data, width, height };
}

/** First 12 hex digits of the SHA-256 of the pixels. */
export function digest({ data }: { data: Uint8Array }): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 12);
}
