import type { Random } from '../../random.js';
import type { PixelRect } from '../image/image.js';

export interface RandomErasingOptions {
  readonly probability: number;
  /** Erased area ÷ area of the picture: [lowest, highest]. */
  readonly area: readonly [number, number];
  /** Height ÷ width: [lowest, highest]; drawn log-uniformly. */
  readonly ratio: readonly [number, number];
}

const attempts = 10;

/**
 * The part of a picture of `size` × `size` to be replaced by noise, N(0, 1) per value after normalisation; or none.
 * Zhong et al., "Random Erasing Data Augmentation" (2020).
 *
 * A part as high or as wide as the picture is drawn again, ten times at most, then the picture is left whole.
 */
export function drawErasing(size: number, options: RandomErasingOptions, random: Random): PixelRect | undefined {
  if (!random.bool(options.probability)) return undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = random.uniform(...options.area) * size * size;
    const ratio = Math.exp(random.uniform(Math.log(options.ratio[0]), Math.log(options.ratio[1])));
    const height = Math.round(Math.sqrt(area * ratio));
    const width = Math.round(Math.sqrt(area / ratio));
    if (height >= size || width >= size) continue;
    const top = random.int(size - height + 1);
    const left = random.int(size - width + 1);
    return { left, top, width, height };
  }
  return undefined;
}
