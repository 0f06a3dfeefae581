import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addingTo, writeWhole } from '../../src/formats/writeWhole.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

test('a file, and what may not be written: the system says so, with the path', async () => {
  const path = join(temporaryFolder(), 'a.txt');
  await writeWhole(path, 'whole');
  expect(readFileSync(path, 'utf8')).toBe('whole');
  await expect(writeWhole(join(path, 'b'), '')).rejects.toMatchObject({ code: 'ENOTDIR', path: join(path, 'b') });
});

test('an error without a path gets one; what is no error of the system passes', () => {
  const failing = (error: Error) => () =>
    addingTo('a.log', () => {
      throw error;
    });
  expect(failing(Object.assign(new Error(), { code: 'ENOSPC' }))).toThrow(expect.objectContaining({ path: 'a.log' }));
  expect(failing(new TypeError('x'))).toThrow(TypeError);
});

/** Whether a process may mount a disk of its own here. */
const mayMount =
  existsSync('/proc') && spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

test.runIf(mayMount)(
  'a full disk and a read-only one: all that commands write is named, and nothing half-written stays',
  () => {
    const script = ['--import', 'tsx', 'test/support/writeOnBadDisk.ts', temporaryFolder()];
    const { stdout, stderr } = spawnSync('unshare', ['-rm', process.execPath, ...script], { encoding: 'utf8' });
    expect(stdout, stderr).not.toBe('');
    const { full, left, readOnly } = JSON.parse(stdout);
    expect(full).toEqual({
      'a picture with boxes': 'ENOSPC boxes.jpg',
      'a sheet of pictures': 'ENOSPC sheet.jpg',
      'the shapes of the demo': expect.stringMatching(/^ENOSPC shapes\/.*\.jpg$/),
      'a list of results': 'ENOSPC list.json',
      'COCO json': 'ENOSPC coco.json',
      'curves and charts': expect.stringMatching(/^ENOSPC charts\/.*$/),
      ONNX: 'ENOSPC model.onnx',
    });
    expect(left.filter((name: string) => !/^(ballast|recipe\.json|\d+\.jpg)$/.test(name))).toEqual([]);
    expect(readOnly).toEqual({
      'a picture with boxes': 'EROFS boxes.jpg',
      'a sheet of pictures': 'EROFS sheet.jpg',
      'the shapes of the demo': expect.stringMatching(/^EROFS shapes\//),
      'a list of results': 'EROFS list.json',
      'COCO json': 'EROFS coco.json',
      'curves and charts': 'EROFS charts/evaluation.json',
      ONNX: 'EROFS model.onnx',
      'a folder': 'EROFS folder 2',
    });
  },
);
