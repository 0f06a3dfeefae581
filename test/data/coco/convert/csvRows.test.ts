import { readdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { csvRows } from '../../../../src/data/coco/convert/csvRows.js';
import { temporaryFolder } from '../../../support/temporaryFolder.js';

/** How often this process has a file open. */
const openedOf = (path: string) => readdirSync('/proc/self/fd').filter((fd) => leadsTo(`/proc/self/fd/${fd}`, path));

function leadsTo(link: string, path: string): boolean {
  try {
    return readlinkSync(link) === path;
  } catch {
    return false; // closed meanwhile
  }
}

describe.runIf(process.platform === 'linux')('the file is closed', () => {
  test('left at the first row, with most of it not read yet', async () => {
    const path = join(realpathSync(temporaryFolder()), 'long.csv');
    writeFileSync(path, 'a,b\n'.repeat(500_000));
    for await (const { cells } of csvRows(path)) {
      expect(cells).toEqual(['a', 'b']);
      expect(openedOf(path)).toHaveLength(1);
      break;
    }
    await vi.waitFor(() => expect(openedOf(path)).toEqual([]));
  });

  test('a file whose first bytes cannot be read', async () => {
    await expect(csvRows('/proc/self/mem').next()).rejects.toThrow('EIO');
    expect(openedOf(`/proc/${process.pid}/mem`)).toEqual([]);
  });
});
