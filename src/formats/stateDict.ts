import { extname } from 'node:path';
import { CheckpointError } from '../errors.js';
import { withBytes } from './byteSource.js';
import type { NamedArray } from './namedArray.js';
import { readSafetensors } from './safetensors.js';
import { readTorch } from './torch/torchFile.js';

/** The tensors of a checkpoint, and where in the file they lay. */
export interface StateDict {
  readonly tensors: Map<string, NamedArray>;
  /** Undefined where the file is a state dict itself. */
  readonly key: string | undefined;
  /** Of other state dicts in the file, as averaged weights beside the last ones. */
  readonly otherKeys: readonly string[];
}

/**
 * A state dict of a checkpoint, whichever of the known formats it is in; its bytes decide, not its extension.
 *
 * @param key of the state dict to take from a file of torch.save that holds several, `model_ema`
 * @throws CheckpointError where the file is damaged, or in none of the formats
 */
export function openStateDict(path: string, key?: string): StateDict {
  if (!isSafetensors(path)) {
    const file = readTorch(path);
    const taken = key ?? file.usualKey;
    return { tensors: file.stateDict(key), key: taken, otherKeys: file.stateDictKeys.filter((one) => one !== taken) };
  }
  if (key === undefined) return { tensors: readSafetensors(path).tensors, key, otherKeys: [] };
  throw new CheckpointError(path, [
    { at: `key "${key}"`, message: 'a safetensors file has one state dict, without a key' },
  ]);
}

/** The tensors alone of {@link openStateDict}. */
export function readStateDict(path: string, key?: string): Map<string, NamedArray> {
  return openStateDict(path, key).tensors;
}

/** Which state dict was taken, in words; undefined where the file holds no other. */
export function choiceInWords({ key, otherKeys }: StateDict): string | undefined {
  if (key === undefined || otherKeys.length === 0) return undefined;
  const others = otherKeys.map((other) => `"${other}"`).join(', ');
  return `the weights under "${key}"; the file also has ${others}, which "cmtdet convert --key" takes`;
}

/** A length of 8 bytes, then JSON; a cut file that is called so counts too, for the better message. */
export function isSafetensors(path: string): boolean {
  return withBytes(path, (bytes) => {
    const isJson = bytes.size > 8 && bytes.read(8, 1)[0] === 0x7b;
    return isJson || extname(path) === '.safetensors';
  });
}
