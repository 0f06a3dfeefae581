import { deflateRawSync } from 'node:zlib';

/** A zip file with these entries, deflated. Checksums are left 0: yauzl does not look at them. */
export function zip(entries: Readonly<Record<string, { data: Uint8Array; mode?: number }>>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { data, mode = 0o644 }] of Object.entries(entries)) {
    const packed = deflateRawSync(data);
    const sizes = [0, packed.length, data.length];
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(8, 8);
    for (const [i, size] of sizes.entries()) local.writeUInt32LE(size, 14 + 4 * i);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(0x0314, 4); // made on Unix
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(8, 10);
    for (const [i, size] of sizes.entries()) central.writeUInt32LE(size, 16 + 4 * i);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 38);
    central.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(central, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  const count = Object.keys(entries).length;
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}
