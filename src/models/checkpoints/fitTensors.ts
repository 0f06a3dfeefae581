import { CheckpointError, type Problem } from '../../errors.js';
import { type NamedArray, toFloat32 } from '../../formats/namedArray.js';
import type { Variable } from '../../tensorflow/variable.js';
import { nonFinite } from './finite.js';

export interface FitOptions {
  /** Of the tensors, for messages. */
  readonly source: string;
  /** What to do where something does not fit, in a sentence. */
  readonly hint: string | ((problems: readonly Problem[]) => string);
  /** Whether a tensor that no variable asks for is a problem. @default false */
  readonly strict?: boolean;
}

/** Tensors named that hold values which are not finite. */
const maxWild = 5;

/**
 * Puts tensors into variables of the same names and shapes: all of them, or none.
 *
 * @returns how many there were
 * @throws CheckpointError listing what is missing, of another shape or, where `strict`, left over; else the tensors with values that are
 *   not finite
 */
export function fitTensors(
  variables: Iterable<readonly [name: string, variable: Variable]>,
  tensors: ReadonlyMap<string, NamedArray>,
  { source, hint, strict = false }: FitOptions,
): number {
  const problems: Problem[] = [];
  const fitting: (readonly [Variable, NamedArray, name: string])[] = [];
  const names = new Set<string>();
  for (const [name, variable] of variables) {
    names.add(name);
    const array = tensors.get(name);
    if (array === undefined) problems.push({ at: name, message: 'missing' });
    else if (array.shape.join() === variable.shape.join()) fitting.push([variable, array, name]);
    else problems.push({ at: name, message: `expected shape ${show(variable.shape)}, found ${show(array.shape)}` });
  }
  if (strict)
    for (const name of tensors.keys())
      if (!names.has(name)) problems.push({ at: name, message: 'the network has no such parameter' });
  if (problems.length > 0)
    throw new CheckpointError(source, problems, typeof hint === 'string' ? hint : hint(problems));
  const wild = nonFinite(fitting.map(([, array, name]) => [name, array]));
  if (wild.length > 0) {
    const more = wild.length > maxWild ? [{ at: '...', message: `and ${wild.length - maxWild} more tensors` }] : [];
    const advice = 'Training that went wrong leaves such weights: take an older checkpoint.';
    throw new CheckpointError(source, [...wild.slice(0, maxWild), ...more], advice);
  }
  for (const [variable, array] of fitting) variable.value = toFloat32(array);
  return fitting.length;
}

const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
