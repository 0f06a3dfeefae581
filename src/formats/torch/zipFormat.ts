import { CheckpointError } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';
import { maxPickleBytes, type TorchContent } from './content.js';
import { unpickle } from './pickle.js';
import { torchRules } from './rebuild.js';
import type { StoredBytes } from './torchTensor.js';
import { readZipDirectory } from './zip.js';

/**
 * The format since PyTorch 1.6: a zip archive with the object as a pickle and one entry a storage
 * (torch/serialization.py, caffe2/serialize/inline_container.h).
 *
 * @throws CheckpointError where it is cut off, compressed, or not of torch.save
 */
export function readZipFormat(bytes: ByteSource): TorchContent {
  const entries = readZipDirectory(bytes);
  const fail = (message: string): never => {
    throw new CheckpointError(bytes.name, [{ at: 'zip', message }], 'torch.save writes no such archive.');
  };
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) fail(`expected one <name>/data.pkl, found ${pickles.length}`);
  const root = pickles[0]!.slice(0, -'data.pkl'.length);
  const read = (name: string): Uint8Array => {
    const { offset, length } = entries.get(root + name)!;
    if (length > maxPickleBytes) fail(`${name} has ${length} bytes; ${maxPickleBytes} are read`);
    return bytes.read(offset, length);
  };
  const storages = new Map<string, StoredBytes>();
  for (const [name, entry] of entries)
    if (name.startsWith(`${root}data/`)) storages.set(name.slice(`${root}data/`.length), entry);
  // Files from before PyTorch 2.1 do not say; all machines that wrote them in practice were little-endian.
  const byteOrder = entries.has(`${root}byteorder`) ? new TextDecoder().decode(read('byteorder')) : 'little';
  const { value } = unpickle(bytes.name, read('data.pkl'), 0, torchRules);
  return { value, storages, bigEndian: byteOrder === 'big' };
}
