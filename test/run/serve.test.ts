import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AddressError, InterruptedError } from '../../src/errors.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { Detector } from '../../src/models/detector.js';
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

/** Holds any free port. */
async function holdPort(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}

test('a port in use, and an address of another machine: refused before the checkpoint is read', async () => {
  const { port, server } = await holdPort();
  const inUse = serve({ checkpoint: 'none.safetensors', port });
  await expect(inUse).rejects.toThrow(AddressError);
  await expect(inUse).rejects.toThrow(`port ${port} is in use at 127.0.0.1`);
  server.close();
  const elsewhere = serve({ checkpoint: 'none.safetensors', port: 0, host: '192.0.2.1' });
  await expect(elsewhere).rejects.toThrow('192.0.2.1 is no address of this machine');
});

test('a fault of the server: 500, and whoever watches is told', async () => {
  const told: string[] = [];
  const observer = { onWarning: (message: string) => told.push(message) };
  const server = await serve({ checkpoint, port: 0, page: false, observer });
  const detect = vi.spyOn(Detector.prototype, 'detect').mockRejectedValueOnce(new Error('out of everything'));
  expect((await post(server.address, new Uint8Array(readFileSync(picture)))).status).toBe(500);
  detect.mockRestore();
  expect(told).toEqual([expect.stringContaining('the server has failed at POST /detect: Error: out of everything')]);
  await server.close();
});

describe('a start-up', () => {
  const temporary = join(folder, 'temporary');
  beforeEach(() => {
    mkdirSync(temporary, { recursive: true });
    vi.stubEnv('TMPDIR', temporary);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  test('requests are told to come again until the network is ready', async () => {
    const { port, server: held } = await holdPort();
    await new Promise((resolve) => held.close(resolve));
    const early: Response[] = [];
    vi.spyOn(Detector.prototype, 'warmup').mockImplementation(async () => {
      early.push(await fetch(`http://127.0.0.1:${port}/health`));
    });
    const server = await serve({ checkpoint, port, page: false });
    expect([early[0]!.status, early[0]!.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await early[0]!.json()).toEqual({ error: 'The detector is being loaded: come again in a moment.' });
    expect((await fetch(`${server.address}/health`)).status).toBe(200);
    await server.close();
  });

  test.each([
    ['that fails', false],
    ['that is interrupted', true],
  ])('%s: the page is removed, the detector is disposed, the port is free', async (_, isInterrupted) => {
    const { port, server: held } = await holdPort();
    await new Promise((resolve) => held.close(resolve));
    const controller = new AbortController();
    let pages = 0;
    const dispose = vi.spyOn(Detector.prototype, 'dispose');
    vi.spyOn(Detector.prototype, 'warmup').mockImplementation(async () => {
      pages = readdirSync(temporary).length;
      if (!isInterrupted) throw new Error('out of memory');
      controller.abort();
    });
    const starting = serve({ checkpoint, port, signal: controller.signal });
    await expect(starting).rejects.toThrow(isInterrupted ? InterruptedError : 'out of memory');
    expect(pages).toBeLessThanOrEqual(1); // 0 where the page is not built
    expect(readdirSync(temporary)).toEqual([]);
    expect(dispose).toHaveBeenCalledOnce();
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
  });
});
