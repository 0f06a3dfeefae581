import { CheckpointError, type Problem } from '../../errors.js';
import { type ByteSource, withBytes } from '../byteSource.js';
import type { NamedArray } from '../namedArray.js';
import type { TorchContent } from './content.js';
import { legacyMagic, readLegacyFormat } from './legacyFormat.js';
import { InertRecord } from './pickle.js';
import { readTensor, TorchTensor, tensorFault } from './torchTensor.js';
import { readZipFormat } from './zipFormat.js';

/** Where training scripts put the weights, likeliest first; the averaged ones only if there are no others. */
const usualKeys = ['model', 'state_dict', 'model_state_dict', 'module', 'net', 'model_ema', 'state_dict_ema', 'ema'];

/** Files whose tensors come to more than this, and to more than 8 times the file, are made to fill the memory. */
const maxExpansion = 8;
const alwaysAllowedBytes = 2 ** 26;

/**
 * Opens what `torch.save` wrote, in the zip format of PyTorch 1.6 or the older one, and reads everything but the
 * elements of tensors. No code of the file runs: objects of any class are {@link InertRecord}s.
 *
 * @throws CheckpointError where it is no such file, or is damaged
 */
export function readTorch(source: string | Uint8Array): TorchFile {
  return withBytes(source, (bytes) => new TorchFile(source, bytes.name, readContent(bytes)));
}

/** A file of torch.save. */
export class TorchFile {
  readonly #source: string | Uint8Array;
  readonly #name: string;
  readonly #content: TorchContent;

  constructor(source: string | Uint8Array, name: string, content: TorchContent) {
    this.#source = source;
    this.#name = name;
    this.#content = content;
  }

  /** What was saved: Maps, arrays, strings, numbers, {@link TorchTensor}s, {@link InertRecord}s. */
  get value(): unknown {
    return this.#content.value;
  }

  /** The keys under which state dicts lie, in the file's order; none where the file is one itself. */
  get stateDictKeys(): string[] {
    const { value } = this;
    if (!(value instanceof Map)) return [];
    return [...value.keys()].filter((key) => typeof key === 'string' && holdsTensors(value.get(key)));
  }

  /** The key of the state dict that {@link stateDict} takes unless it is told another; undefined where the file is one itself. */
  get usualKey(): string | undefined {
    const { stateDictKeys } = this;
    return usualKeys.find((usual) => stateDictKeys.includes(usual));
  }

  /**
   * The tensors of a state dict, by the names that it has.
   *
   * @param key of the state dict to take; by default the usual ones are tried, then the whole file
   * @throws CheckpointError where there is none, and for tensors that reach outside their storages
   */
  stateDict(key?: string): Map<string, NamedArray> {
    const tensors = tensorsOf(this.#findStateDict(key));
    return withBytes(this.#source, (bytes) => this.#readTensors(bytes, tensors));
  }

  #findStateDict(key: string | undefined): Map<unknown, unknown> {
    const { value, stateDictKeys } = this;
    const chosen = key ?? this.usualKey;
    const found = chosen === undefined || !(value instanceof Map) ? value : value.get(chosen);
    if (holdsTensors(found)) return found;
    const at = key === undefined ? 'file' : `key "${key}"`;
    const keys = stateDictKeys.length > 0 ? `; state dicts lie under ${stateDictKeys.join(', ')}` : '';
    const message = `expected a dict of tensors, found ${describe(found)}${keys}`;
    throw new CheckpointError(
      this.#name,
      [{ at, message }],
      'Save model.state_dict(), alone or under the key "model".',
    );
  }

  #readTensors(bytes: ByteSource, tensors: ReadonlyMap<string, TorchTensor>): Map<string, NamedArray> {
    const { storages, bigEndian } = this.#content;
    const problems: Problem[] = [];
    for (const [at, tensor] of tensors) {
      const message = tensorFault(storages.get(tensor.storage.key), tensor);
      if (message !== undefined) problems.push({ at, message });
    }
    if (problems.length > 0) throw new CheckpointError(this.#name, problems);
    const cost = [...tensors.values()].reduce((sum, tensor) => sum + tensor.cost, 0);
    if (!(cost <= Math.max(alwaysAllowedBytes, maxExpansion * bytes.size))) {
      const size = Number.isNaN(cost) ? 'more bytes than can be counted' : `${cost} bytes`;
      const message = `its tensors come to ${size}, the file has ${bytes.size}`;
      throw new CheckpointError(this.#name, [{ at: 'file', message }], 'No real checkpoint does this.');
    }
    const arrays = new Map<string, NamedArray>();
    for (const [name, tensor] of tensors)
      arrays.set(name, readTensor(bytes, storages.get(tensor.storage.key)!, tensor, bigEndian));
    return arrays;
  }
}

function readContent(bytes: ByteSource): TorchContent {
  const start = String.fromCharCode(...bytes.read(0, Math.min(512, bytes.size)));
  if (start.startsWith('PK\x03\x04')) return readZipFormat(bytes);
  if (start.slice(0, 64).includes(legacyMagic)) return readLegacyFormat(bytes);
  let found = 'neither of the two formats of torch.save';
  if (start.startsWith('\x80')) found = 'a pickle that torch.save did not write';
  if (start.slice(257, 262) === 'ustar') found = 'a tar file; torch.save wrote such before PyTorch 0.1.10';
  const hint = 'Load it in PyTorch and save model.state_dict() with torch.save.';
  throw new CheckpointError(bytes.name, [{ at: 'byte 0', message: `found ${found}` }], hint);
}

function holdsTensors(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map && [...value.values()].some((entry) => entry instanceof TorchTensor);
}

function tensorsOf(stateDict: ReadonlyMap<unknown, unknown>): Map<string, TorchTensor> {
  const isNamed = (entry: [unknown, unknown]): entry is [string, TorchTensor] =>
    typeof entry[0] === 'string' && entry[1] instanceof TorchTensor;
  return new Map([...stateDict].filter(isNamed));
}

function describe(value: unknown): string {
  if (value instanceof InertRecord) return `an object of ${value.className}`;
  if (value instanceof TorchTensor) return 'a single tensor';
  if (value instanceof Map) return `a dict with the keys ${[...value.keys()].slice(0, 5).map(String).join(', ')}`;
  return value === null || value === undefined ? 'nothing' : `a value of type ${typeof value}`;
}
