import { CheckpointError } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { bytesPerElement } from '../namedArray.js';
import { maxPickleBytes, type TorchContent } from './content.js';
import { unpickle } from './pickle.js';
import { torchRules } from './rebuild.js';
import type { StorageReference, StoredBytes } from './torchTensor.js';

/** How the first pickle spells its number, 0x1950a86a20f9469cfc6c: LONG1, 10 bytes. */
export const legacyMagic = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19';

const protocolVersion = 1001;

/**
 * The format of torch.save before PyTorch 1.6, still written with `_use_new_zipfile_serialization=False`: five pickles
 * (magic number, version, machine, object, list of storage keys), then for each key a count of 8 bytes and the elements.
 *
 * @throws CheckpointError where it is cut off or damaged
 */
export function readLegacyFormat(bytes: ByteSource): TorchContent {
  const head = bytes.read(0, Math.min(bytes.size, maxPickleBytes));
  let at = 0;
  const elementBytes = new Map<string, number>();
  const rules = { ...torchRules, persistent: noteStorages(elementBytes) };
  const next = (): unknown => {
    const { value, end } = unpickle(bytes.name, head, at, rules);
    at = end;
    return value;
  };
  next(); // the magic number, by which the file was recognised
  const version = next();
  if (version !== protocolVersion) throw damaged(bytes, 'version', `expected ${protocolVersion}, found ${version}`);
  const machine = next();
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw damaged(bytes, 'storages', 'the list of storages is missing');
  return {
    value,
    storages: locateStorages(bytes, keys, elementBytes, at),
    bigEndian: machine instanceof Map && machine.get('little_endian') === false,
  };
}

/** Storages do not say how wide their elements are; the pickle does, where it mentions them. */
function noteStorages(elementBytes: Map<string, number>): typeof torchRules.persistent {
  return (id, reader) => {
    const storage = torchRules.persistent(id, reader);
    if (typeof storage === 'object' && storage !== null && 'viewOffset' in storage) {
      const { key, dtype, className } = storage as StorageReference;
      elementBytes.set(key, dtype === undefined ? (untypedWidths.get(className) ?? 0) : bytesPerElement(dtype));
    }
    return storage;
  };
}

/** Of storages whose elements are not read, so that those behind them are found. */
const untypedWidths: ReadonlyMap<string, number> = new Map([
  ['torch.storage.UntypedStorage', 1],
  ['torch.ComplexFloatStorage', 8],
  ['torch.ComplexDoubleStorage', 16],
]);

function locateStorages(
  bytes: ByteSource,
  keys: readonly unknown[],
  elementBytes: ReadonlyMap<string, number>,
  start: number,
): Map<string, StoredBytes> {
  const storages = new Map<string, StoredBytes>();
  let at = start;
  for (const key of keys) {
    const width = elementBytes.get(String(key));
    if (!width) throw damaged(bytes, `storage ${String(key)}`, 'the type of its elements is not known');
    const count = Number(new DataView(bytes.read(at, 8).buffer).getBigInt64(0, true));
    const length = count * width;
    at += 8;
    if (!(count >= 0 && at + length <= bytes.size))
      throw damaged(bytes, `storage ${String(key)}`, `${length} bytes at byte ${at}, the file has ${bytes.size}`);
    storages.set(String(key), { offset: at, length });
    at += length;
  }
  return storages;
}

function damaged(bytes: ByteSource, at: string, message: string): CheckpointError {
  return new CheckpointError(bytes.name, [{ at, message }], 'The file is cut off or damaged; fetch it again.');
}
