import { execFileSync } from 'node:child_process';
import { closeSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { TarFile } from '../../src/data/classification/tar.js';
import { csvRows } from '../../src/data/coco/convert/csvRows.js';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { openDecoder } from '../../src/data/image/decode.js';
import { readImageSize } from '../../src/data/image/imageSize.js';
import { openRegularFile } from '../../src/formats/regularFile.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const pipe = join(folder, 'pipe.jpg');
execFileSync('mkfifo', [pipe]);

test('a file, and its bytes', () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'abc');
  const { descriptor, size } = openRegularFile(path);
  closeSync(descriptor);
  expect(size).toBe(3);
});

test('a socket', async () => {
  const path = join(folder, 'socket.jpg');
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  await expect(openDecoder()(path)).rejects.toThrow();
  await new Promise((resolve) => server.close(resolve));
});

const endless = join(folder, 'endless.jpg');
symlinkSync('/dev/zero', endless);

test.each([pipe, endless, '/dev/zero'])('%s is neither read nor waited for', async (path) => {
  const message = 'is a pipe, a device or a socket, expected a file';
  await expect(openDecoder()(path)).rejects.toThrow(message);
  await expect(readImageSize(path)).rejects.toThrow(message);
  expect(() => readSafetensors(path)).toThrow(message);
  expect(() => parseCoco(path)).toThrow(message);
  expect(() => new TarFile(path)).toThrow(message);
  await expect(loadConfig(path)).rejects.toThrow(message);
  await expect(csvRows(path).next()).rejects.toThrow(message);
});

test('a drawing is no picture, whatever its name', async () => {
  const path = join(folder, 'drawing.png');
  const svg = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  writeFileSync(path, svg);
  await expect(openDecoder()(path)).rejects.toThrow('is an SVG drawing');
  await expect(readImageSize(path)).rejects.toThrow('is an SVG drawing');
  await expect(openDecoder()(Buffer.from(svg))).rejects.toThrow('is an SVG drawing');
});
