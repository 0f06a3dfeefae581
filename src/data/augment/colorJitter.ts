import type { Random } from '../../random.js';
import type { RgbImage } from '../image/image.js';
import { applyInTurn } from './inTurn.js';
import { adjustBrightness, adjustColor, adjustContrast } from './pixelOps.js';

/** Drawn adjustments of one picture, in the order in which they apply; factor 1 changes nothing. */
export type DrawnJitter = readonly { readonly name: keyof typeof adjustments; readonly factor: number }[];

const adjustments = { brightness: adjustBrightness, contrast: adjustContrast, saturation: adjustColor } as const;

/**
 * Brightness, contrast and saturation in random order, each by a factor from U(1 - strength, 1 + strength).
 *
 * Source: torchvision's `ColorJitter(strength, strength, strength)`, hue off, which is how timm's recipes call it.
 */
export function drawColorJitter(strength: number, random: Random): DrawnJitter {
  const names = Object.keys(adjustments) as (keyof typeof adjustments)[];
  return random
    .shuffle(names)
    .map((name) => ({ name, factor: random.uniform(Math.max(0, 1 - strength), 1 + strength) }));
}

export function applyColorJitter(image: RgbImage, drawn: DrawnJitter): RgbImage {
  return applyInTurn(image, drawn, (result, { name, factor }) => adjustments[name](result, factor));
}
