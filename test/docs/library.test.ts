/** docs/library.md: its programs, as they are written, on a detector that has learnt nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { annotationWriters, writeFiles } from '../support/annotationWriters.js';
import { codeBlocks, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

const [detect, server, measure, ...others] = codeBlocks('docs/library.md', 'ts').filter((code) =>
  code.startsWith('import '),
);

it('three programs; the server is examples/server.ts after the lines that say what it is', () => {
  expect(others).toEqual([]);
  const code = readFileSync('examples/server.ts', 'utf8').split('\n');
  expect(code[0]).toMatch(/^\/\/ .*npx tsx examples\/server\.ts/);
  expect(server).toBe(code.slice(2).join('\n'));
});

describe('in a folder with a checkpoint and a picture', () => {
  const folder = temporaryFolder();
  const checkpoint = join(folder, 'runs/first/best.safetensors');
  const photo = join(folder, 'photo.jpg');
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    mkdirSync(join(folder, 'runs/first'), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const detector = tinyDetector();
    await saveModel(checkpoint, detector.model, detector.description);
    await detector.dispose();
    await sharp({ create: { width: 96, height: 64, channels: 3, background: '#a05030' } }).toFile(photo);
  });
  afterAll(() => {
    child?.kill();
  });

  it('detects', () => {
    writeFileSync(join(folder, 'detect.mts'), detect!);
    expect(runShell('npx tsx detect.mts\n', folder).stdout).toMatch(/^\[[\s\S]*\]\n$/);
  });

  it('converts and measures', () => {
    const object = { label: 'cell', box: [10, 10, 40, 40] as const };
    const pictures = [{ file: 'photo.jpg', width: 96, height: 64, objects: [object] }];
    const layout = { images: 'JPEGImages', labels: 'Annotations', separator: '/', newline: '\n' } as const;
    writeFiles(folder, annotationWriters.voc(pictures, layout).files);
    writeFiles(folder, { 'JPEGImages/photo.jpg': readFileSync(photo) });
    const [x, y, w, h] = [10, 10, 30, 30];
    const results = [{ image_id: 1, category_id: 1, bbox: [x, y, w, h], score: 0.9 }];
    writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
    writeFileSync(join(folder, 'measure.mts'), measure!);
    expect(runShell('npx tsx measure.mts\n', folder).stdout).toMatch(/^1 [\d.]+\n$/);
  });

  it('serves: a picture that is posted, and what is none', async () => {
    const args = ['--import', 'tsx', resolve('examples/server.ts'), checkpoint];
    child = spawn(process.execPath, args, { env: { ...process.env, PORT: '0' } });
    const address = await new Promise<string>((done, failed) => {
      child!.stdout!.on('data', (data) => done(String(data).trim()));
      child!.stderr!.on('data', (data) => failed(new Error(String(data))));
    });
    const post = (body: Uint8Array<ArrayBuffer> | string) => fetch(address, { method: 'POST', body });
    const found = await post(new Uint8Array(readFileSync(photo)));
    expect([found.status, Array.isArray(await found.json())]).toEqual([200, true]);
    const refused = await post('no picture');
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: expect.stringContaining('picture') }]);
    child.kill('SIGTERM');
    expect(await new Promise((done) => child!.once('exit', done))).toBe(0);
  });
});
