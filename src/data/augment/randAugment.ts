/**
 * RandAugment: a few operations from a fixed list, each at a magnitude of 0 .. 10.
 *
 * Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space" (2020), as in timm's
 * `auto_augment.py`, whose numbers the published recipes are made with.
 */
import type { Random } from '../../random.js';
import type { RgbImage } from '../image/image.js';
import { type AffineOptions, rotate, shearX, shearY, translateX, translateY } from './affine.js';
import { applyInTurn } from './inTurn.js';
import {
  adjustBrightness,
  adjustColor,
  adjustContrast,
  adjustSharpness,
  autoContrast,
  equalize,
  invert,
  posterize,
  solarize,
  solarizeAdd,
} from './pixelOps.js';

/** The letters are those of timm's policy strings: `rand-m9-mstd0.5-inc1` has m = 9, mstd = 0.5, inc = 1 and n = 2. */
export interface RandAugmentPolicy {
  /** m: 0 .. 10. */
  readonly magnitude: number;
  /** mstd: standard deviation of the magnitude from draw to draw. */
  readonly magnitudeDeviation: number;
  /** n: operations drawn for a picture, with replacement. Each is then applied with probability 0.5. */
  readonly operations: number;
  /** inc: whether all operations grow stronger with the magnitude. Without it some grow weaker. */
  readonly increasing: boolean;
}

/** An operation drawn for one picture, with its argument (degrees, bits, threshold, factor, or share of the side). */
export interface DrawnOperation {
  readonly name: RandAugmentOperation;
  readonly argument: number;
}

const maxMagnitude = 10;
const applyProbability = 0.5;

/** Colour of uncovered pixels: the ImageNet mean, rounded. */
export const imagenetMeanColor = [124, 116, 104] as const;

interface Operation {
  /** The argument at level 0 .. 1, where `sign` is a fair coin's -1 or 1. */
  readonly argument: (level: number, sign: number) => number;
  /** The argument under `inc1`, where that differs. */
  readonly increasing?: (level: number, sign: number) => number;
  readonly apply: (image: RgbImage, argument: number, options: AffineOptions) => RgbImage;
}

const none = () => 0;
const enhanced = {
  argument: (level: number) => level * 1.8 + 0.1,
  increasing: (level: number, sign: number) => Math.max(0.1, 1 + sign * level * 0.9),
};

const operations = {
  autoContrast: { argument: none, apply: autoContrast },
  equalize: { argument: none, apply: equalize },
  invert: { argument: none, apply: invert },
  rotate: { argument: (level, sign) => sign * level * 30, apply: rotate },
  posterize: {
    argument: (level) => Math.trunc(level * 4),
    increasing: (level) => 4 - Math.trunc(level * 4), // 0 bits, black, at level 1
    apply: posterize,
  },
  solarize: {
    argument: (level) => Math.trunc(level * 256),
    increasing: (level) => 256 - Math.trunc(level * 256),
    apply: solarize,
  },
  solarizeAdd: { argument: (level) => Math.min(128, Math.trunc(level * 110)), apply: solarizeAdd },
  color: { ...enhanced, apply: adjustColor },
  contrast: { ...enhanced, apply: adjustContrast },
  brightness: { ...enhanced, apply: adjustBrightness },
  sharpness: { ...enhanced, apply: adjustSharpness },
  shearX: { argument: (level, sign) => sign * level * 0.3, apply: shearX },
  shearY: { argument: (level, sign) => sign * level * 0.3, apply: shearY },
  translateX: { argument: (level, sign) => sign * level * 0.45, apply: translateX },
  translateY: { argument: (level, sign) => sign * level * 0.45, apply: translateY },
} as const satisfies Record<string, Operation>;

export type RandAugmentOperation = keyof typeof operations;

export const randAugmentOperations = Object.keys(operations) as readonly RandAugmentOperation[];

/** What an operation is given at a magnitude of 0 .. 10. `sign` (-1 or 1) matters to those that have two directions. */
export function operationArgument(
  name: RandAugmentOperation,
  magnitude: number,
  sign: number,
  increasing: boolean,
): number {
  const operation: Operation = operations[name];
  const argument = increasing ? (operation.increasing ?? operation.argument) : operation.argument;
  return argument(magnitude / maxMagnitude, sign);
}

/** The operations for one picture, in the order in which they apply: none to `policy.operations` of them. */
export function drawRandAugment(policy: RandAugmentPolicy, random: Random): DrawnOperation[] {
  const drawn = Array.from(
    { length: policy.operations },
    () => randAugmentOperations[random.int(randAugmentOperations.length)]!,
  );
  return drawn
    .filter(() => random.bool(applyProbability))
    .map((name) => {
      const deviation = policy.magnitudeDeviation;
      const magnitude = deviation > 0 ? random.normal(policy.magnitude, deviation) : policy.magnitude;
      const sign = random.bool() ? 1 : -1;
      const within = Math.max(0, Math.min(maxMagnitude, magnitude));
      return { name, argument: operationArgument(name, within, sign, policy.increasing) };
    });
}

/** Applies drawn operations in turn; `options` are for those that move pixels. */
export function applyOperations(image: RgbImage, drawn: readonly DrawnOperation[], options: AffineOptions): RgbImage {
  return applyInTurn(image, drawn, (result, { name, argument }) => {
    const operation: Operation = operations[name];
    return operation.apply(result, argument, options);
  });
}
