/** Writes small files as torch.save does, and as nobody should, from a few JavaScript values. */

/** `module.name` in a pickle; with `args`, a call of it. */
export class Python {
  constructor(
    readonly module: string,
    readonly name: string,
    readonly args?: readonly unknown[],
    readonly state?: unknown,
  ) {}
}

/** A reference to a storage: elements of torch's class `type` under `key`. */
export class StorageRef {
  constructor(
    readonly type: string,
    readonly key: string,
    readonly length: number,
    /** The sixth field, which only the old format has. */
    readonly view?: unknown,
  ) {}
}

/** A tensor over a storage. */
export function tensor(
  storage: StorageRef,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Python {
  return new Python('torch._utils', '_rebuild_tensor_v2', [
    storage,
    offset,
    [...shape],
    [...strides],
    false,
    new Python('collections', 'OrderedDict', []),
  ]);
}

const uint32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];
const text = (value: string) => [...new TextEncoder().encode(value)];

/** The operations of protocol 2 that leave `value` on the stack. Arrays become tuples, Maps dicts. */
export function pickleOperations(value: unknown, withView = false): number[] {
  const write = (inner: unknown) => pickleOperations(inner, withView);
  if (value === null || value === undefined) return [0x4e];
  if (typeof value === 'boolean') return [value ? 0x88 : 0x89];
  if (typeof value === 'string') return [0x58, ...uint32(text(value).length), ...text(value)];
  if (typeof value === 'number') {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return [0x4a, ...uint32(value)];
    if (Number.isInteger(value)) {
      const bytes = new Uint8Array(new BigInt64Array([BigInt(value)]).buffer);
      return [0x8a, 8, ...bytes];
    }
    const bytes = new Uint8Array(new Float64Array([value]).buffer);
    return [0x47, ...bytes.toReversed()];
  }
  if (Array.isArray(value)) return [0x28, ...value.flatMap(write), 0x74];
  if (value instanceof Map) return [0x7d, 0x28, ...[...value].flat().flatMap(write), 0x75];
  if (value instanceof StorageRef) {
    const storage = ['storage', new Python('torch', value.type), value.key, 'cpu', value.length];
    return [...write(withView ? [...storage, value.view] : storage), 0x51];
  }
  if (value instanceof Python) {
    const name = [0x63, ...text(`${value.module}\n${value.name}\n`)];
    const call = value.args ? [...name, ...write(value.args), 0x52] : name;
    return value.state === undefined ? call : [...call, ...write(value.state), 0x62];
  }
  throw new TypeError(`no pickle of ${String(value)}`);
}

export function pickle(value: unknown, withView = false): Uint8Array {
  return Uint8Array.from([0x80, 2, ...pickleOperations(value, withView), 0x2e]);
}

export interface StoredEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** @default 0, stored */
  readonly method?: number;
  /** What the central directory says, where that is not the truth. */
  readonly claimedLength?: number;
  readonly claimedOffset?: number;
}

/** A zip archive; as PyTorch's, its local headers leave sizes 0 and its directory has them. */
export function zip(entries: readonly StoredEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const add = (target: Uint8Array[], bytes: Uint8Array) => {
    target.push(bytes);
    return bytes.length;
  };
  for (const { name, bytes, method = 0, claimedLength = bytes.length, claimedOffset = offset } of entries) {
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    central.setUint16(10, method, true);
    central.setUint32(20, claimedLength, true);
    central.setUint32(24, claimedLength, true);
    central.setUint16(28, name.length, true);
    central.setUint32(42, claimedOffset, true);
    add(directory, new Uint8Array(central.buffer));
    add(directory, Uint8Array.from(text(name)));
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint16(26, name.length, true);
    local.setUint16(28, 4, true); // an extra field, of the local header alone
    offset += add(parts, new Uint8Array(local.buffer));
    offset += add(parts, Uint8Array.from([...text(name), 0x46, 0x42, 0, 0]));
    offset += add(parts, bytes);
  }
  const directoryLength = directory.reduce((sum, { length }) => sum + length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, directoryLength, true);
  end.setUint32(16, offset, true);
  return new Uint8Array(Buffer.concat([...parts, ...directory, new Uint8Array(end.buffer)]));
}

/** A file of torch.save: `value` as the pickle, `storages` by key. */
export function torchZip(value: unknown, storages: Readonly<Record<string, ArrayBufferView>>, byteOrder = 'little') {
  return zip([
    { name: 'archive/data.pkl', bytes: pickle(value) },
    { name: 'archive/byteorder', bytes: Uint8Array.from(text(byteOrder)) },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, bytes: bytesIn(data) })),
  ]);
}

/** The same in the format of before PyTorch 1.6. */
export function torchLegacy(value: unknown, storages: Readonly<Record<string, ArrayBufferView & { length: number }>>) {
  const magic = Uint8Array.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
  const parts = [magic, pickle(1001), pickle(new Map([['little_endian', true]])), pickle(value, true)];
  parts.push(pickle(Object.keys(storages)));
  for (const data of Object.values(storages))
    parts.push(new Uint8Array(new BigInt64Array([BigInt(data.length)]).buffer), bytesIn(data));
  return new Uint8Array(Buffer.concat(parts));
}

function bytesIn({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
