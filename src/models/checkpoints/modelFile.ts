/** Checkpoints: weights by the names of their fields in a safetensors file, with a description in its header. */
import { z } from 'zod';
import { CheckpointError } from '../../errors.js';
import type { NamedArray } from '../../formats/namedArray.js';
import { readSafetensors, readSafetensorsHeader, withChecksum, writeSafetensors } from '../../formats/safetensors.js';
import { isSafetensors } from '../../formats/stateDict.js';
import type { Module } from '../../nn/module.js';
import { ModelDescription } from './description.js';
import { upgraded } from './descriptionFormat1.js';
import { fitTensors } from './fitTensors.js';
import { checkPlausible } from './plausible.js';

/** Of the description, in a file's metadata. */
export const descriptionKey = 'cmtdet';

/** Whether a file was written by {@link saveModel}, by its header alone. */
export const isOurCheckpoint = (path: string): boolean =>
  isSafetensors(path) && descriptionKey in readSafetensorsHeader(path).metadata;

/**
 * Writes a checkpoint: whole, or not at all.
 *
 * @param values by parameter name, in place of the model's own (a running average of them, for instance)
 */
export async function saveModel(
  path: string,
  model: Module,
  description: ModelDescription,
  values?: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const tensors = new Map<string, NamedArray>();
  for (const [name, parameter] of model.parameters()) {
    tensors.set(name, { dtype: 'F32', shape: parameter.shape, data: values?.get(name) ?? parameter.value });
  }
  await writeSafetensors(path, tensors, withChecksum(tensors, { [descriptionKey]: JSON.stringify(description) }));
}

/** Whether a file is a detector of ours, by its header alone. @throws CheckpointError when it is ours and damaged */
export const isOurDetector = (path: string): boolean =>
  isOurCheckpoint(path) && readDescription(path).kind === 'detector';

/** The description alone, without the weights. @throws CheckpointError */
export function readDescription(path: string): ModelDescription {
  checkFormat(path);
  const { entries, metadata } = readSafetensorsHeader(path);
  const description = parseDescription(path, metadata);
  checkPlausible(path, description, entries);
  return description;
}

/** @throws CheckpointError when the file is damaged, or no checkpoint of ours */
export function readModel(path: string): { description: ModelDescription; tensors: ReadonlyMap<string, NamedArray> } {
  checkFormat(path);
  const { tensors, metadata } = readSafetensors(path);
  const description = parseDescription(path, metadata);
  checkPlausible(path, description, tensors);
  return { description, tensors };
}

/** Tells a file of PyTorch, and what is no checkpoint at all, from a damaged one. */
function checkFormat(path: string): void {
  if (isSafetensors(path)) return;
  const problem = {
    at: '(file)',
    message: 'expected a checkpoint that cmtdet wrote (safetensors), found something else',
  };
  throw new CheckpointError(
    path,
    [problem],
    'Files of PyTorch: --init-from takes them as they are, "cmtdet convert" brings them over.',
  );
}

function parseDescription(path: string, metadata: Readonly<Record<string, string>>): ModelDescription {
  const text = metadata[descriptionKey];
  if (text === undefined) {
    throw new CheckpointError(
      path,
      [
        {
          at: 'metadata',
          message: `expected "${descriptionKey}", found ${Object.keys(metadata).join(', ') || 'nothing'}`,
        },
      ],
      notOurs,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CheckpointError(path, [{ at: `metadata.${descriptionKey}`, message: 'expected JSON' }]);
  }
  const parsed = ModelDescription.safeParse(upgraded(json));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => ({
    at: z.core.toDotPath(at) || '(root)',
    message,
  }));
  throw new CheckpointError(path, problems, 'The checkpoint was written by another version of cmtdet.');
}

const notOurs = 'It has weights but does not say of which network. "cmtdet convert" and --init-from take such files.';

/**
 * Puts weights into a model that has the same parameters.
 *
 * @param source of the weights, for messages
 * @throws CheckpointError listing what is missing, left over, or of another shape
 */
export function loadWeights(model: Module, tensors: ReadonlyMap<string, NamedArray>, source: string): void {
  const hint = 'The checkpoint is of another network than the config or header says.';
  fitTensors(model.parameters(), tensors, { source, hint, strict: true });
}
