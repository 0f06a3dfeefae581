import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { TarFile } from '../../../src/data/classification/tar.js';
import { saveTar, tarBytes } from '../../support/tarFile.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const folder = temporaryFolder();
const path = join(folder, 'a.tar');
const text = (content: string) => new TextEncoder().encode(content);

let tar: TarFile | undefined;
afterEach(() => tar?.close());

/** Names and contents of the members, read at the positions found. */
async function contents(file: string): Promise<Record<string, string>> {
  tar = new TarFile(file);
  const bytes = readFileSync(file);
  const found: Record<string, string> = {};
  for await (const { name, offset, length } of tar.members()) {
    found[name] = bytes.toString('utf8', offset, offset + length);
  }
  return found;
}

describe('TarFile', () => {
  const deep = `${'folder/'.repeat(40)}name`; // 284 letters: too long for the header, so in a pax record

  it.each<[string, Record<string, string>]>([
    ['two files, of 3 and of 512 bytes', { 'a.txt': 'abc', 'b.txt': 'b'.repeat(512) }],
    ['an empty file and an empty archive name field', { empty: '', after: 'x' }],
    ['a long path, and a short one after it', { [deep]: 'deep', short: 's' }],
    ['letters outside of ASCII', { 'Käfer/été.jpg': 'é' }],
    ['no file', {}],
  ])('%s', async (_, files) => {
    await saveTar(path, Object.fromEntries(Object.entries(files).map(([name, content]) => [name, text(content)])));
    expect(await contents(path)).toEqual(files);
  });

  it('GNU long names and binary sizes', async () => {
    const name = `${'g'.repeat(150)}.jpg`;
    const plain = await tarBytes({ 'x.jpg': text('hello') });
    const long = await tarBytes({ link: text(`${name}\0`) });
    long[156] = 'L'.charCodeAt(0);
    plain.fill(0, 124, 136); // size: the first bit set, then a big-endian number
    plain[124] = 0x80;
    plain[135] = 5;
    for (const header of [long, plain]) writeCheckSum(header);
    writeFileSync(path, Buffer.concat([long.subarray(0, 1024), plain]));
    expect(await contents(path)).toEqual({ [name]: 'hello' });
  });

  it('an archive in an archive has positions of the outer file', async () => {
    const inner = await tarBytes({ 'one.jpg': text('first'), 'two.jpg': text('second') });
    await saveTar(path, { 'class.tar': inner });
    tar = new TarFile(path);
    const bytes = readFileSync(path);
    for await (const archive of tar.members()) {
      const found: string[] = [];
      for await (const { offset, length } of tar.members(archive))
        found.push(bytes.toString('utf8', offset, offset + length));
      expect(found).toEqual(['first', 'second']);
    }
  });

  it('cut in the middle of a member: says which', async () => {
    const whole = await tarBytes({ a: new Uint8Array(2000), b: new Uint8Array(2000) });
    writeFileSync(path, whole.subarray(0, 4000));
    await expect(contents(path)).rejects.toThrow('byte 2560: a member of 2000 bytes ends after the file');
  });

  it('cut between members', async () => {
    const whole = await tarBytes({ a: new Uint8Array(512), b: new Uint8Array(512) });
    writeFileSync(path, whole.subarray(0, 1024));
    await expect(contents(path)).rejects.toThrow('byte 1024: it ends without an end mark: the copy is cut short');
  });

  it('no tar file', async () => {
    writeFileSync(path, 'no archive '.repeat(200));
    await expect(contents(path)).rejects.toThrow(
      /byte 0: (a member of .* bytes ends after the file|expected the header of a member)/,
    );
  });

  it('a name of two megabytes is refused without reading it', async () => {
    const bomb = await tarBytes({ x: text('x') });
    bomb[156] = 'L'.charCodeAt(0);
    bomb.write('00010000000\0', 124, 'latin1'); // 2 MiB in octal
    writeCheckSum(bomb);
    writeFileSync(path, Buffer.concat([bomb, Buffer.alloc(1 << 22)]));
    await expect(contents(path)).rejects.toThrow('a name of 2097152 bytes');
  });
});

function writeCheckSum(header: Buffer): void {
  header.fill(32, 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
