import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.js';
import type { NamedArray } from '../../../src/formats/namedArray.js';
import { readTorch } from '../../../src/formats/torch/torchFile.js';
import { Random } from '../../../src/random.js';
import { checkpointError } from '../../support/checkpointError.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { Python, pickle, StorageRef, tensor, torchLegacy, torchZip, zip } from '../../support/torchBytes.js';

const floats = (count: number) => Float32Array.from({ length: count }, (_, i) => i);
const temporary = temporaryFolder();
const storage = new StorageRef('FloatStorage', '0', 24);
const data = { '0': floats(24) };
const stateDict = (entries: Record<string, unknown>) => new Map(Object.entries(entries));
const weight = tensor(storage, 0, [4, 6], [6, 1]);

/** The one tensor of a file that holds it, in both formats. */
function readBoth(value: unknown, storages: Parameters<typeof torchLegacy>[1] = data): NamedArray[] {
  const files = [torchZip(stateDict({ w: value }), storages), torchLegacy(stateDict({ w: value }), storages)];
  return files.map((file) => readTorch(file).stateDict().get('w')!);
}

describe('tensors, in both formats', () => {
  it.each<[string, Python, number[], number[]]>([
    ['whole storage', weight, [4, 6], [...floats(24)]],
    ['a view, offset 8, strides (6, 1)', tensor(storage, 8, [2, 3], [6, 1]), [2, 3], [8, 9, 10, 14, 15, 16]],
    ['transposed, strides (1, 6)', tensor(storage, 0, [2, 4], [1, 6]), [2, 4], [0, 6, 12, 18, 1, 7, 13, 19]],
    ['expanded, stride 0', tensor(storage, 5, [2, 2], [1, 0]), [2, 2], [5, 5, 6, 6]],
    ['every third', tensor(storage, 1, [3], [3]), [3], [1, 4, 7]],
    ['no axes', tensor(storage, 23, [], []), [], [23]],
    ['no elements', tensor(storage, 0, [0, 3], [3, 1]), [0, 3], []],
    ['a side of 1 with an odd stride', tensor(storage, 2, [1, 2], [99, 1]), [1, 2], [2, 3]],
  ])('%s', (_, value, shape, values) => {
    for (const array of readBoth(value)) {
      expect(array).toEqual({ dtype: 'F32', shape, data: Float32Array.from(values) });
      expect(array.data.buffer.byteLength).toBe(4 * values.length); // not a window on the whole storage
    }
  });

  it.each<[string, NamedArray['dtype'], NamedArray['data']]>([
    ['DoubleStorage', 'F64', Float64Array.of(1 / 3)],
    ['HalfStorage', 'F16', Uint16Array.of(0x3c00, 0x7bff)],
    ['BFloat16Storage', 'BF16', Uint16Array.of(0x3f80)],
    ['LongStorage', 'I64', BigInt64Array.of(-(2n ** 60n))],
    ['IntStorage', 'I32', Int32Array.of(-7)],
    ['ShortStorage', 'I16', Int16Array.of(-7)],
    ['CharStorage', 'I8', Int8Array.of(-7)],
    ['ByteStorage', 'U8', Uint8Array.of(250)],
    ['BoolStorage', 'BOOL', Uint8Array.of(1, 0)],
  ])('%s', (type, dtype, elements) => {
    const ref = new StorageRef(type, '0', elements.length);
    for (const array of readBoth(tensor(ref, 0, [elements.length], [1]), { '0': elements }))
      expect(array).toEqual({ dtype, shape: [elements.length], data: elements });
  });

  it('two tensors over one storage: each has its own memory', () => {
    const file = torchZip(stateDict({ a: weight, b: weight }), data);
    const tensors = readTorch(file).stateDict();
    expect(tensors.get('a')).toEqual(tensors.get('b'));
    expect(tensors.get('a')!.data.buffer).not.toBe(tensors.get('b')!.data.buffer);
  });

  it('Parameter, tensor with attributes, and tensor over untyped bytes', () => {
    const untyped = new StorageRef('UntypedStorage', '0', 96);
    const v3 = [untyped, 4, [2], [1], false, null, new Python('torch', 'float32')];
    const inner = [storage, 7, [1], [1]];
    const file = torchZip(
      stateDict({
        parameter: new Python('torch._utils', '_rebuild_parameter', [weight, true, null]),
        attributed: new Python('torch._tensor', '_rebuild_from_type_v2', [
          new Python('torch._utils', '_rebuild_tensor_v2'),
          new Python('torch', 'Tensor'),
          inner,
          new Map(),
        ]),
        untyped: new Python('torch._utils', '_rebuild_tensor_v3', v3),
      }),
      data,
    );
    const tensors = readTorch(file).stateDict();
    expect(tensors.get('parameter')!.shape).toEqual([4, 6]);
    expect(tensors.get('attributed')!.data).toEqual(Float32Array.of(7));
    expect(tensors.get('untyped')!.data).toEqual(Float32Array.of(4, 5));
  });

  it('a big-endian file', () => {
    const swapped = { '0': Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0) }; // 1, -2
    const ref = new StorageRef('FloatStorage', '0', 2);
    const file = torchZip(stateDict({ w: tensor(ref, 0, [2], [1]) }), swapped, 'big');
    expect(readTorch(file).stateDict().get('w')!.data).toEqual(Float32Array.of(1, -2));
  });

  it('the old format: a storage that is a view of another', () => {
    const view = new StorageRef('FloatStorage', '0', 24, ['17', 10, 4]);
    const file = torchLegacy(stateDict({ w: tensor(view, 1, [2], [1]) }), data);
    expect(readTorch(file).stateDict().get('w')!.data).toEqual(Float32Array.of(11, 12));
  });
});

describe('stateDict', () => {
  const training = new Map<string, unknown>([
    ['epoch', 3],
    ['model_ema', stateDict({ w: tensor(storage, 0, [1], [1]) })],
    ['model', stateDict({ w: tensor(storage, 1, [1], [1]), steps: 5 })],
    ['args', new Python('argparse', 'Namespace', [], new Map([['lr', 0.1]]))],
  ]);

  it('takes "model" of a training checkpoint, and only its tensors', () => {
    const file = readTorch(torchZip(training, data));
    expect([...file.stateDict()]).toEqual([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]);
    expect(file.stateDictKeys).toEqual(['model_ema', 'model']);
  });

  it('takes the one that is asked for', () => {
    expect(readTorch(torchZip(training, data)).stateDict('model_ema').get('w')!.data).toEqual(Float32Array.of(0));
  });

  it('says which there are', () => {
    expect(() => readTorch(torchZip(training, data)).stateDict('ema')).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: bytes in memory: 1 problem
        key "ema": expected a dict of tensors, found nothing; state dicts lie under model_ema, model
      Save model.state_dict(), alone or under the key "model".]
    `);
  });

  it('keeps the names, whatever wrappers put before them', () => {
    const wrapped = stateDict({ 'module._orig_mod.a': weight, 'module._orig_mod.b': weight });
    const names = [...readTorch(torchZip(wrapped, data)).stateDict().keys()];
    expect(names).toEqual(['module._orig_mod.a', 'module._orig_mod.b']);
  });

  it('a whole model instead of its state dict', () => {
    const file = torchZip(new Python('cmt', 'CMT', [], new Map()), data);
    expect(() => readTorch(file).stateDict()).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: bytes in memory: 1 problem
        file: expected a dict of tensors, found an object of cmt.CMT
      Save model.state_dict(), alone or under the key "model".]
    `);
  });

  it('an element type that has no counterpart', () => {
    const complex = tensor(new StorageRef('ComplexFloatStorage', '0', 12), 0, [12], [1]);
    for (const file of [
      torchZip(stateDict({ c: complex }), data),
      torchLegacy(stateDict({ c: complex }), { '0': new Float64Array(12) }),
    ])
      expect(() => readTorch(file).stateDict()).toThrow('c: elements of type torch.ComplexFloatStorage are not read');
  });
});

describe('hostile files', () => {
  const huge = 2 ** 45;
  it.each<[string, Python, string]>([
    [
      'a window beyond its storage',
      tensor(storage, 20, [5], [1]),
      'w: reaches to element 25 of storage 0, which has 24',
    ],
    ['a stride beyond its storage', tensor(storage, 0, [2], [huge]), 'w: reaches to element 35184372088833'],
    [
      'a storage that claims 2^45 elements',
      tensor(new StorageRef('FloatStorage', '0', huge), 0, [25], [1]),
      'which has 24',
    ],
    [
      'a storage that is not there',
      tensor(new StorageRef('FloatStorage', '9', 24), 0, [1], [1]),
      'w: its storage 9 is not in the file',
    ],
    ['a tensor of 2^45 elements', tensor(storage, 0, [huge], [1]), 'w: reaches to element 35184372088832'],
    [
      'one element, expanded to 2^90',
      tensor(storage, 0, [huge, huge], [0, 0]),
      'its tensors come to more bytes than can be counted',
    ],
    [
      'one element, expanded to 2^30',
      tensor(storage, 0, [2 ** 15, 2 ** 15], [0, 0]),
      'its tensors come to 4294967296 bytes',
    ],
  ])('%s', (_, value, message) => {
    const file = torchZip(stateDict({ w: value }), data);
    expect(() => readTorch(file).stateDict()).toThrow(checkpointError(message));
  });

  it.each<[string, Python, string]>([
    ['a negative offset', tensor(storage, -1, [1], [1]), 'expected a whole number of elements, found -1'],
    ['a stride that is a fraction', tensor(storage, 0, [1], [0.5]), 'expected a whole number of elements, found 0.5'],
    [
      'a side of 2^60',
      tensor(storage, 0, [2 ** 60], [1]),
      'expected a whole number of elements, found 1152921504606846976',
    ],
    ['more sides than strides', tensor(storage, 0, [1, 1], [1]), 'a tensor of 2 axes with 1 strides'],
    ['65 axes', tensor(storage, 0, Array(65).fill(1), Array(65).fill(1)), 'a tensor without a usable shape'],
    [
      'a number for a storage',
      new Python('torch._utils', '_rebuild_tensor_v2', [1, 0, [], []]),
      'a tensor without a storage',
    ],
  ])('%s', (_, value, message) => {
    expect(() => readTorch(torchZip(stateDict({ w: value }), data))).toThrow(message);
  });

  it('10,000 tensors over one storage of 1 MiB', () => {
    const shared = new StorageRef('FloatStorage', '0', 2 ** 18);
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`w${i}`, tensor(shared, 0, [2 ** 18], [1])]),
    );
    const file = torchZip(stateDict(many), { '0': new Float32Array(2 ** 18) });
    expect(() => readTorch(file).stateDict()).toThrow('its tensors come to 10485760000 bytes');
  });

  it('files that are cut anywhere, in both formats', () => {
    const path = join(temporary, 'cut.pth');
    for (const whole of [torchZip(stateDict({ w: weight }), data), torchLegacy(stateDict({ w: weight }), data)])
      for (let length = 0; length < whole.length; length += 5) {
        writeFileSync(path, whole.subarray(0, length));
        expect(() => readTorch(path).stateDict(), `${length} bytes`).toThrow(CheckpointError);
      }
  });

  it('2,000 damaged files, in both formats: read or refused, nothing else', () => {
    const random = new Random(7);
    const wholes = [torchZip(stateDict({ w: weight }), data), torchLegacy(stateDict({ w: weight }), data)];
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const file = wholes[i % 2]!.slice();
      for (let damage = 0; damage < 3; damage++) file[random.uint32() % file.length] = random.uint32();
      try {
        readTorch(file).stateDict();
      } catch (error) {
        expect(error, `file ${i}`).toBeInstanceOf(CheckpointError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  it('an old file whose storage claims 2^62 elements', () => {
    const file = torchLegacy(stateDict({ w: weight }), data);
    new DataView(file.buffer, file.byteOffset).setBigInt64(file.length - 24 * 4 - 8, 2n ** 62n, true);
    expect(() => readTorch(file)).toThrow('storage 0: 18446744073709552000 bytes at byte');
  });

  it('a file that becomes shorter between opening and reading', () => {
    const path = join(temporary, 'shrinking.pth');
    writeFileSync(path, torchZip(stateDict({ w: weight }), data));
    const file = readTorch(path);
    writeFileSync(path, 'gone');
    expect(() => file.stateDict()).toThrow(CheckpointError);
  });

  it('none of them takes memory', () => {
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) {
      const file = torchZip(stateDict({ w: tensor(storage, 0, [2 ** 15, 2 ** 15], [0, 0]) }), data);
      expect(() => readTorch(file).stateDict()).toThrow(CheckpointError);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
  });

  it.each<[string, Uint8Array, string]>([
    ['text', Buffer.from('hello'), 'found neither of the two formats of torch.save'],
    ['nothing', new Uint8Array(), 'found neither of the two formats of torch.save'],
    ['another pickle', pickle([1, 2]), 'found a pickle that torch.save did not write'],
    [
      'a tar file',
      Buffer.from(`${'\0'.repeat(257)}ustar`),
      'found a tar file; torch.save wrote such before PyTorch 0.1.10',
    ],
    ['another zip', zip([{ name: 'a.txt', bytes: new Uint8Array(3) }]), 'zip: expected one <name>/data.pkl, found 0'],
    ['two pickles', zip(['a', 'b'].map((root) => ({ name: `${root}/data.pkl`, bytes: pickle(1) }))), 'found 2'],
  ])('no checkpoint: %s', (_, file, message) => {
    expect(() => readTorch(file)).toThrow(message);
  });
});
