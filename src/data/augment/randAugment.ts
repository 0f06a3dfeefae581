/**
 * RandAugment: a few operations from a fixed list, each at a magnitude of 0 .. 10.
 *
 * Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space" (2020), as in timm's
 * `auto_augment.py`, whose policy strings (`rand-m9-mstd0.5-inc1`) and numbers are kept because the published recipes quote them.
 */
import { ConfigError } from '../../errors.js';
import type { Random } from '../../random.js';
import type { RgbImage } from '../image/image.js';
import { type AffineOptions, rotate, shearX, shearY, translateX, translateY } from './affine.js';
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

export interface RandAugmentPolicy {
  /** 0 .. 10: `m`. */
  readonly magnitude: number;
  /** Standard deviation of the magnitude from draw to draw: `mstd`. */
  readonly magnitudeDeviation: number;
  /** Operations drawn for a picture, with replacement: `n`. Each is then applied with probability 0.5. */
  readonly operations: number;
  /** Whether all operations grow stronger with the magnitude: `inc1`. Without it some grow weaker. */
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
  return drawn.reduce((result, { name, argument }) => {
    const operation: Operation = operations[name];
    return operation.apply(result, argument, options);
  }, image);
}

/**
 * Reads timm's policy string: `rand`, then `-m9` (magnitude, default 10), `-n2` (operations, default 2), `-mstd0.5`
 * (deviation, default 0) and `-inc1` in any order.
 *
 * @throws ConfigError for parts that are not known
 */
export function parseRandAugment(policy: string): RandAugmentPolicy {
  const [kind, ...parts] = policy.split('-');
  const problems =
    kind === 'rand' ? [] : [{ at: policy, message: `expected a policy that starts with rand, found ${kind}` }];
  const parsed = { magnitude: maxMagnitude, magnitudeDeviation: 0, operations: 2, increasing: false };
  for (const part of parts) {
    const [, key, digits] = /^([a-z]+)(\d+(?:\.\d+)?)$/.exec(part) ?? [];
    const value = Number(digits);
    if (key === 'm' && value <= maxMagnitude) parsed.magnitude = value;
    else if (key === 'mstd' && value < 100) parsed.magnitudeDeviation = value;
    else if (key === 'n' && Number.isInteger(value)) parsed.operations = value;
    else if (key === 'inc' && value === 1) parsed.increasing = true;
    else if (key === 'inc')
      problems.push({ at: part, message: 'leave it out to switch it off: timm reads inc0 as inc1' });
    else problems.push({ at: part, message: 'expected m0 .. m10, n<count>, mstd<deviation> or inc1' });
  }
  if (problems.length > 0) throw new ConfigError('augmentation policy', problems);
  return parsed;
}
