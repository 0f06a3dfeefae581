import type { Dtype } from '../namedArray.js';
import { PickleGlobal, type PickleRules } from './pickle.js';
import type { PickleReader } from './pickleReader.js';
import { type StorageReference, TorchTensor } from './torchTensor.js';

/** Element types by the storage classes of torch.save; `UntypedStorage` and classes that are not here have none. */
const storageDtypes: ReadonlyMap<string, Dtype> = new Map([
  ['DoubleStorage', 'F64'],
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
]);

/** Element types that tensors over untyped bytes carry themselves. */
const torchDtypes: ReadonlyMap<string, Dtype> = new Map([
  ['torch.float64', 'F64'],
  ['torch.float32', 'F32'],
  ['torch.float16', 'F16'],
  ['torch.bfloat16', 'BF16'],
  ['torch.uint64', 'U64'],
  ['torch.int64', 'I64'],
  ['torch.uint32', 'U32'],
  ['torch.int32', 'I32'],
  ['torch.uint16', 'U16'],
  ['torch.int16', 'I16'],
  ['torch.int8', 'I8'],
  ['torch.uint8', 'U8'],
  ['torch.bool', 'BOOL'],
]);

/** More than torch allows a tensor (64). */
const maxAxes = 64;

/** What torch.save puts into a pickle: storages by reference, tensors by how they look into them (torch/_utils.py). */
export const torchRules: PickleRules = {
  persistent(id, reader) {
    if (!Array.isArray(id)) return reader.fail('a reference that is no tuple');
    const [kind, type, key, , length, view] = id as unknown[];
    if (kind === 'module') return type; // a pickled nn.Module of the old format: its class, with the source text
    if (kind !== 'storage' || !(type instanceof PickleGlobal)) return reader.fail('a reference to something unknown');
    const [viewKey, viewOffset, viewLength] = Array.isArray(view) ? (view as unknown[]) : [null, 0, length];
    if (viewKey !== null && typeof viewKey !== 'string') return reader.fail('a view of a storage without a key');
    return {
      key: String(key),
      dtype: storageDtypes.get(type.name.split('.').at(-1)!),
      className: type.name,
      length: size(viewLength, reader),
      viewOffset: size(viewOffset, reader),
    } satisfies StorageReference;
  },

  call(name, args, reader) {
    switch (name) {
      case 'torch._utils._rebuild_tensor':
      case 'torch._utils._rebuild_tensor_v2': {
        const [storage, offset, shape, strides] = args;
        return rebuildTensor(storage, (storage as StorageReference | null)?.dtype, offset, shape, strides, reader);
      }
      case 'torch._utils._rebuild_tensor_v3': {
        const [storage, offset, shape, strides, , , dtype] = args;
        const known = dtype instanceof PickleGlobal ? torchDtypes.get(dtype.name) : undefined;
        return rebuildTensor(storage, known, offset, shape, strides, reader);
      }
      case 'torch._tensor._rebuild_from_type_v2': {
        // A tensor with attributes: (function, class, arguments, attributes).
        const [callee, , inner] = args;
        if (!(callee instanceof PickleGlobal) || callee.name === name || !Array.isArray(inner)) return undefined;
        return torchRules.call(callee.name, inner, reader);
      }
      case 'torch._utils._rebuild_parameter':
      case 'torch._utils._rebuild_parameter_with_state':
        return args[0] instanceof TorchTensor ? args[0] : undefined;
      case 'torch.Size':
        return Array.isArray(args[0]) ? args[0] : [];
      default:
        return undefined;
    }
  },
};

function rebuildTensor(
  storage: unknown,
  dtype: Dtype | undefined,
  offset: unknown,
  shape: unknown,
  strides: unknown,
  reader: PickleReader,
): TorchTensor {
  if (typeof storage !== 'object' || storage === null || !('viewOffset' in storage))
    return reader.fail('a tensor without a storage');
  const sides = sizes(shape, reader);
  const steps = sizes(strides, reader);
  if (sides.length !== steps.length) reader.fail(`a tensor of ${sides.length} axes with ${steps.length} strides`);
  return new TorchTensor(storage as StorageReference, dtype, size(offset, reader), sides, steps);
}

function sizes(values: unknown, reader: PickleReader): number[] {
  if (!Array.isArray(values) || values.length > maxAxes) return reader.fail('a tensor without a usable shape');
  return values.map((value) => size(value, reader));
}

function size(value: unknown, reader: PickleReader): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    return reader.fail(`expected a whole number of elements, found ${String(value).slice(0, 40)}`);
  return value;
}
