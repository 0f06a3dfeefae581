/** Values of options, from the text on the command line. */
import { InvalidArgumentError } from 'commander';
import type { InputSize } from '../run/namedModel.js';

export function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('Expected a whole number above 0.');
}

export function countOrZero(text: string): number {
  return text === '0' ? 0 : count(text);
}

/** `0,1` */
export const list = (text: string): string[] => text.split(',');

/** 0 stands for any that is free. */
export function port(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isInteger(number) && number >= 0 && number < 65536) return number;
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
}

export function countList(text: string): number[] {
  const counts = text.split(',').map(Number);
  if (counts.every((count) => Number.isInteger(count) && count > 0)) return counts;
  throw new InvalidArgumentError('Expected whole numbers above 0, as 1,10,100.');
}

export function score(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 1) return number;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

export function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('Expected a number above 0.');
}

export function scales(text: string): number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every((number) => number >= 0.1 && number <= 10)) return numbers;
  throw new InvalidArgumentError('Expected numbers from 0.1 to 10, as 0.8,1,1.25.');
}

export function share(text: string): number {
  const number = Number(text);
  if (number > 0 && number < 1) return number;
  throw new InvalidArgumentError('Expected a number between 0 and 1.');
}

/** `512`, or `800x1280`. */
export function inputSize(text: string): InputSize {
  const sides = text.split('x').map(Number);
  if (sides.length <= 2 && sides.every((side) => Number.isInteger(side) && side > 0)) return [sides[0]!, sides.at(-1)!];
  throw new InvalidArgumentError('Expected pixels, as 512 or 800x1280 (height x width).');
}

/** Of an option that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
