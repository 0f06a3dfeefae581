import type { StoredBytes } from './torchTensor.js';

/** What a file of torch.save says, and where the elements of its tensors lie. */
export interface TorchContent {
  readonly value: unknown;
  /** By the key of the storage. */
  readonly storages: ReadonlyMap<string, StoredBytes>;
  readonly bigEndian: boolean;
}

/** A pickle is a table of contents, so this is plenty, and the most that is read into memory before it is understood. */
export const maxPickleBytes = 2 ** 26;
