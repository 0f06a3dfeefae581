import type { NamedArray } from '../../src/formats/namedArray.js';
import { type Python, StorageRef, tensor, torchZip } from './torchBytes.js';

type Tensors = ReadonlyMap<string, NamedArray>;

/** What `torch.save` makes of a state dict (whole numbers as I64, the rest F32), or of several under their keys. */
export function torchCheckpoint(content: Tensors | Readonly<Record<string, Tensors>>): Uint8Array {
  const storages: Record<string, Float32Array | BigInt64Array> = {};
  const written = (tensors: Tensors): Map<string, Python> =>
    new Map(
      [...tensors].map(([name, { dtype, shape, data }]) => {
        const key = `${Object.keys(storages).length}`;
        storages[key] = data as Float32Array | BigInt64Array;
        const storage = new StorageRef(dtype === 'I64' ? 'LongStorage' : 'FloatStorage', key, data.length);
        const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
        return [name, tensor(storage, 0, shape, strides)];
      }),
    );
  const value =
    content instanceof Map
      ? written(content)
      : new Map(Object.entries(content).map(([key, tensors]) => [key, written(tensors)]));
  return torchZip(value, storages);
}
