import { extname } from 'node:path';
import { CheckpointError } from '../errors.js';
import { withBytes } from './byteSource.js';
import type { NamedArray } from './namedArray.js';
import { readSafetensors } from './safetensors.js';
import { readTorch } from './torch/torchFile.js';

/**
 * The tensors of a checkpoint, whichever of the known formats it is in; its bytes decide, not its extension.
 *
 * @param key of the state dict to take from a file of torch.save that holds several, `model_ema`
 * @throws CheckpointError where the file is damaged, or in none of the formats
 */
export function readStateDict(path: string, key?: string): Map<string, NamedArray> {
  if (!isSafetensors(path)) return readTorch(path).stateDict(key);
  if (key === undefined) return readSafetensors(path).tensors;
  throw new CheckpointError(path, [
    { at: `key "${key}"`, message: 'a safetensors file has one state dict, without a key' },
  ]);
}

/** A length of 8 bytes, then JSON; a cut file that is called so counts too, for the better message. */
export function isSafetensors(path: string): boolean {
  return withBytes(path, (bytes) => {
    const isJson = bytes.size > 8 && bytes.read(8, 1)[0] === 0x7b;
    return isJson || extname(path) === '.safetensors';
  });
}
