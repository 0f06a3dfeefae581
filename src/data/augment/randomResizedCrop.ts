import type { Random } from '../../random.js';
import type { PixelRect } from '../image/image.js';

export interface RandomResizedCropOptions {
  /** Area of the crop ÷ area of the picture: [lowest, highest]. */
  readonly scale: readonly [number, number];
  /** Width ÷ height of the crop: [lowest, highest]; drawn log-uniformly. */
  readonly ratio: readonly [number, number];
}

/** Szegedy et al., "Going Deeper with Convolutions" (2015), §6, in the form that torchvision and timm have given it. */
export const inceptionCrop: RandomResizedCropOptions = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

const attempts = 10;

/**
 * Where a random crop lies in a picture of `width` × `height` pixels; the caller resizes it to the input size.
 *
 * Ten attempts to fit the drawn area and ratio; after that the largest crop in the middle whose ratio is allowed.
 */
export function drawResizedCrop(
  width: number,
  height: number,
  random: Random,
  { scale, ratio }: RandomResizedCropOptions = inceptionCrop,
): PixelRect {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = width * height * random.uniform(...scale);
    const aspect = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const cropWidth = Math.round(Math.sqrt(area * aspect));
    const cropHeight = Math.round(Math.sqrt(area / aspect));
    if (cropWidth < 1 || cropHeight < 1 || cropWidth > width || cropHeight > height) continue;
    const top = random.int(height - cropHeight + 1);
    const left = random.int(width - cropWidth + 1);
    return { left, top, width: cropWidth, height: cropHeight };
  }
  return centralCrop(width, height, ratio);
}

function centralCrop(width: number, height: number, [narrowest, widest]: readonly [number, number]): PixelRect {
  const aspect = width / height;
  const cropWidth = aspect > widest ? Math.max(1, Math.round(height * widest)) : width;
  const cropHeight = aspect < narrowest ? Math.max(1, Math.round(width / narrowest)) : height;
  return {
    left: Math.floor((width - cropWidth) / 2),
    top: Math.floor((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
}
