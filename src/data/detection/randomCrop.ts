import type { Size } from '../../geometry/size.js';
import type { Random } from '../../random.js';
import type { PixelRect } from '../image/image.js';
import { holdsCentre } from './parts.js';

export interface RandomCropOptions {
  /** Chance for each picture. */
  readonly probability: number;
  /** Smallest side of a crop ÷ the picture's. */
  readonly minScale: number;
  /** One is drawn: the IoU with the crop that at least one of the boxes must have whose centre is inside. */
  readonly minIou: readonly number[];
}

/** Height ÷ width of a crop, relative to the picture's: at most 2, at least 1/2. */
const maxAspect = 2;
const attempts = 40;

/**
 * A crop that shows some object well enough, or the whole picture when none is found or wanted.
 *
 * Source: Liu et al., "SSD: Single Shot MultiBox Detector" (2016), §2.2; attempts and aspect limits of torchvision's
 * `RandomIoUCrop`. Where SSD crops a share of pictures without any condition, here `probability` leaves pictures whole.
 *
 * @param boxes [G, 4] xyxy in original pixels
 */
export function drawCrop(
  { width, height }: Size,
  boxes: Float32Array,
  options: RandomCropOptions,
  random: Random,
): PixelRect {
  const whole = { left: 0, top: 0, width, height };
  if (!random.bool(options.probability) || boxes.length === 0) return whole;
  const minIou = options.minIou[random.int(options.minIou.length)]!;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const across = random.uniform(options.minScale, 1);
    const down = random.uniform(options.minScale, 1);
    if (across / down > maxAspect || down / across > maxAspect) continue;
    const [cropWidth, cropHeight] = [Math.max(1, Math.round(width * across)), Math.max(1, Math.round(height * down))];
    const left = random.int(width - cropWidth + 1);
    const top = random.int(height - cropHeight + 1);
    const crop = { left, top, width: cropWidth, height: cropHeight };
    if (bestIou(crop, boxes) >= minIou) return crop;
  }
  return whole;
}

/** The largest IoU that a box with its centre inside has with the crop; -1 when there is none. */
function bestIou(crop: PixelRect, boxes: Float32Array): number {
  let best = -1;
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = boxes.subarray(i, i + 4) as unknown as [number, number, number, number];
    if (!holdsCentre(crop, x1, y1, x2, y2)) continue;
    const width = Math.min(x2, crop.left + crop.width) - Math.max(x1, crop.left);
    const height = Math.min(y2, crop.top + crop.height) - Math.max(y1, crop.top);
    const common = width * height; // the centre is inside, so neither is negative
    best = Math.max(best, common / (crop.width * crop.height + (x2 - x1) * (y2 - y1) - common));
  }
  return best;
}
