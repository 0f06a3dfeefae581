/** What a resumed run needs to go on as if nothing had happened: weights, optimizer, running average, and where it was. */
import { z } from 'zod';
import { CheckpointError } from '../errors.js';
import type { NamedArray } from '../formats/namedArray.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import type { Variable } from '../tensorflow/variable.js';
import { LossScaleState } from './lossScale.js';

const Progress = z.object({
  /** Epochs that are done. */
  epoch: z.int().min(0),
  /** Batches of the next epoch that are done. */
  batch: z.int().min(0),
  /** Updates made. */
  updates: z.int().min(0),
  /** Batches run, updates or not: what random numbers of the step depend on. */
  draws: z.int().min(0),
  /** Training time so far, in seconds. */
  seconds: z.number(),
  /** null: the loss was not scaled. States of before there was loss scaling lack it. */
  lossScale: LossScaleState.nullable().default(null),
});
export type Progress = z.infer<typeof Progress>;

export const startOfRun: Progress = { epoch: 0, batch: 0, updates: 0, draws: 0, seconds: 0, lossScale: null };

const StateHeader = z.object({
  progress: Progress,
  /** What must not change between two parts of a run, as text by name. */
  identity: z.record(z.string(), z.string()),
});
export type StateHeader = z.infer<typeof StateHeader>;

const key = 'cmtdet-state';

/** Writes variables (their host values) and progress: all, or nothing. */
export async function writeState(
  path: string,
  variables: Iterable<[name: string, variable: Variable]>,
  header: StateHeader,
): Promise<void> {
  const tensors = new Map<string, NamedArray>();
  for (const [name, { shape, value }] of variables) tensors.set(name, { dtype: 'F32', shape, data: value });
  await writeSafetensors(path, tensors, { [key]: JSON.stringify(header) });
}

/**
 * Reads a state back into variables.
 *
 * @param identity what the present run is; each difference is a reason to refuse
 * @throws CheckpointError when the file is damaged, or of another run
 */
export function readState(
  path: string,
  variables: Iterable<[name: string, variable: Variable]>,
  identity: Readonly<Record<string, string>>,
): Progress {
  const { tensors, metadata } = readSafetensors(path);
  const header = StateHeader.safeParse(JSON.parse(metadata[key] ?? 'null'));
  if (!header.success) throw new CheckpointError(path, [{ at: `metadata.${key}`, message: 'not the state of a run' }]);
  const before = header.data.identity;
  const changed = Object.entries(identity)
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => ({
      at: name,
      message: `the run began with ${before[name] ?? 'nothing'}, now it is ${value}`,
    }));
  if (changed.length > 0)
    throw new CheckpointError(
      path,
      changed,
      'A run goes on with what it began with; for something new begin a new run (--init-from takes the weights along).',
    );
  const list = [...variables];
  const problems = list
    .filter(([name, { shape }]) => tensors.get(name)?.shape.join() !== shape.join())
    .map(([name, { shape }]) => ({
      at: name,
      message: `expected [${shape.join(', ')}], found ${tensors.has(name) ? `[${tensors.get(name)!.shape.join(', ')}]` : 'nothing'}`,
    }));
  if (problems.length > 0)
    throw new CheckpointError(path, problems, 'The state is of another network or optimizer than the config says.');
  for (const [name, variable] of list) variable.value = tensors.get(name)!.data as Float32Array;
  return header.data.progress;
}
