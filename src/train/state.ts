/** What a resumed run needs to go on as if nothing had happened: weights, optimizer, running average, and where it was. */
import { z } from 'zod';
import { CheckpointError } from '../errors.js';
import type { NamedArray } from '../formats/namedArray.js';
import { readSafetensors, readSafetensorsHeader, withChecksum, writeSafetensors } from '../formats/safetensors.js';
import { fitTensors } from '../models/checkpoints/fitTensors.js';
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
  /** What the task says that it is, as words: name → value. */
  identity: z.record(z.string(), z.string()),
  /** The whole config of the run. null in states of before version 0.2, which did not keep it. */
  config: z.record(z.string(), z.unknown()).nullable().default(null),
});
export type StateHeader = z.infer<typeof StateHeader>;

/** A state as it was read, before it has been held to a run. */
export interface RunState {
  readonly path: string;
  readonly header: StateHeader;
  readonly tensors: ReadonlyMap<string, NamedArray>;
}

const key = 'cmtdet-state';

/** Writes variables (their host values) and progress: all, or nothing. */
export async function writeState(
  path: string,
  variables: Iterable<[name: string, variable: Variable]>,
  header: StateHeader,
): Promise<void> {
  const tensors = new Map<string, NamedArray>();
  for (const [name, { shape, value }] of variables) tensors.set(name, { dtype: 'F32', shape, data: value });
  await writeSafetensors(path, tensors, withChecksum(tensors, { [key]: JSON.stringify(header) }));
}

/** @throws CheckpointError when the file is damaged, or no state */
export function readState(path: string): RunState {
  const { tensors, metadata } = readSafetensors(path);
  const header = StateHeader.safeParse(parseJson(metadata[key]));
  if (!header.success) throw new CheckpointError(path, [{ at: `metadata.${key}`, message: 'not the state of a run' }]);
  return { path, header: header.data, tensors };
}

/** Training time of the run so far, in seconds, without reading the weights; 0 where no state says it. */
export function secondsSoFar(path: string): number {
  try {
    const { metadata } = readSafetensorsHeader(path);
    return StateHeader.parse(parseJson(metadata[key])).progress.seconds;
  } catch {
    return 0; // not there or damaged: whoever restores it says so
  }
}

/** Puts a state into variables. @throws CheckpointError when it is of another network or optimizer; nothing is changed then */
export function putState({ path, tensors }: RunState, variables: Iterable<[name: string, variable: Variable]>): void {
  const hint = 'The state is of another network or optimizer than the config says.';
  fitTensors(variables, tensors, { source: path, hint });
}

function parseJson(text = 'null'): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
