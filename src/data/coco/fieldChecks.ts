/** Why a value of a file cannot be what its key says: what was expected and what is there; undefined if all is well. */
import { describe } from './cocoFile.js';

/** An id: a whole number or a string. */
export function idProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return `expected a whole number or a string, found ${describe(value)}`;
  }
  if (Number.isSafeInteger(value)) return undefined;
  return `${value} is beyond 2^53 - 1, where different ids become the same number; write ids as strings`;
}

/** The id of a category, which is a number. */
export function numberIdProblem(value: unknown): string | undefined {
  return typeof value === 'string' ? `expected a whole number, found ${describe(value)}` : idProblem(value);
}

/** An area, which may be missing. */
export function areaProblem(area: unknown): string | undefined {
  if (area === undefined || area === null || Number.isFinite(area)) return undefined;
  return `expected a finite number, found ${describe(area)}`;
}

/** An iscrowd, which may be missing. */
export function crowdProblem(crowd: unknown): string | undefined {
  if (crowd === undefined || crowd === null || crowd === 0 || crowd === 1 || typeof crowd === 'boolean')
    return undefined;
  return `expected 0 or 1, found ${describe(crowd)}`;
}

/** A box: four finite numbers. */
export function boxProblem(value: unknown): string | undefined {
  if (Array.isArray(value) && value.length === 4 && value.every(Number.isFinite)) return undefined;
  return `expected [x, y, width, height], four finite numbers, found ${describe(value)}`;
}
