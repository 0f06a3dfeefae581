import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/formats/atomic.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

describe('writeAtomically', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'state.json');
  beforeEach(() => writeFileSync(path, 'old'));

  it('replaces a file, and leaves nothing else', async () => {
    await writeAtomically(path, async (file) => {
      await file.writeFile('ne');
      expect(readFileSync(path, 'utf8')).toBe('old'); // readers see the old one until all is written
      await file.writeFile('w');
    });
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('a writer that fails half way: the old file stays, and nothing else', async () => {
    const failing = writeAtomically(path, async (file) => {
      await file.writeFile('half');
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('two writers at once: one whole file', async () => {
    const texts = ['a'.repeat(100_000), 'b'.repeat(100_000)];
    await Promise.all(texts.map((text) => writeAtomically(path, (file) => file.writeFile(text))));
    expect(texts).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('a folder that is not there: the system says so', async () => {
    await expect(writeAtomically(join(folder, 'none', 'x'), async () => undefined)).rejects.toThrow('ENOENT');
  });
});
