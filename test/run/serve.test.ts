import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import type { Detector } from '../../src/models/detector.js';
import { type RunningServer, serve } from '../../src/run/serve.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

const folder = temporaryFolder();
const checkpoint = join(folder, 'detector.safetensors');
const picture = join(folder, 'picture.png');
let detector: Detector;

beforeAll(async () => {
  detector = tinyDetector();
  await saveModel(checkpoint, detector.model, detector.description);
  const data = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) => 128 + 120 * Math.sin(i / 17) * Math.cos(i / 400));
  await sharp(data, { raw: { width: 96, height: 64, channels: 3 } }).toFile(picture);
});
afterAll(() => detector.dispose());

const post = (address: string, body: Uint8Array<ArrayBuffer> | string, query = '') =>
  fetch(`${address}/detect${query}`, { method: 'POST', body });

describe('a server', () => {
  let server: RunningServer;
  const bytes = () => new Uint8Array(readFileSync(picture));

  beforeAll(async () => {
    server = await serve({ checkpoint, port: 0, maxBytes: 100_000, page: false });
  });
  afterAll(() => server.close());

  test('a picture: what `detect` finds', async () => {
    const response = await post(server.address, bytes(), '?score=0.2');
    expect(response.status).toBe(200);
    const detections = await detector.detect(picture, { scoreThreshold: 0.2 });
    expect(detections.length).toBeGreaterThan(0);
    expect(await response.json()).toEqual({ width: 96, height: 64, detections });
  });

  test.each([
    ['nothing', '', 400, 'Expected the bytes of a picture, found nothing.'],
    ['text', 'no picture', 400, 'This is no picture that can be read: '],
    ['half a picture', () => bytes().subarray(0, 300), 400, 'This is no picture that can be read: '],
    ['too much', new Uint8Array(100_001), 413, 'The picture is larger than 100000 bytes.'],
  ] as const)('%s: a sentence', async (_, body, status, error) => {
    const response = await post(server.address, typeof body === 'function' ? body() : body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toContain(error);
  });

  test('a score that is none', async () => {
    expect((await post(server.address, bytes(), '?score=high')).status).toBe(400);
  });

  test('health, the way to use it, and what is not there', async () => {
    expect(await (await fetch(`${server.address}/health`)).json()).toMatchObject({ status: 'ok', waiting: 0 });
    expect(await (await fetch(server.address)).text()).toContain('POST a picture to /detect');
    expect((await fetch(`${server.address}/../package.json`)).status).toBe(404);
  });

  test('200 requests at once: all are answered, alike', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => post(server.address, bytes())));
    const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(bodies.size).toBe(1);
  });
});

test('more than may wait: told to come again', async () => {
  const server = await serve({ checkpoint, port: 0, queue: 1, page: false });
  const body = new Uint8Array(readFileSync(picture));
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(server.address, body)));
  const counts = [200, 503].map((status) => answers.filter((answer) => answer.status === status).length);
  expect(counts[0]).toBeGreaterThanOrEqual(3); // two at work, one waiting
  expect(counts[0]! + counts[1]!).toBe(20);
  expect(counts[1]).toBeGreaterThan(0);
  await server.close();
});

test('closing answers what waits first', async () => {
  const server = await serve({ checkpoint, port: 0, page: false });
  const body = new Uint8Array(readFileSync(picture));
  const answers = Array.from({ length: 12 }, () => post(server.address, body));
  const waiting = async () => ((await (await fetch(`${server.address}/health`)).json()) as { waiting: number }).waiting;
  while ((await waiting()) === 0) {}
  await server.close();
  for (const answer of answers) expect((await answer).status).toBe(200);
  await expect(fetch(`${server.address}/health`)).rejects.toThrow();
});
