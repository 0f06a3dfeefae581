/** A detector behind HTTP. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { serve as listen } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getMimeType } from 'hono/utils/mime';
import { ExportError, ImageError } from '../errors.js';
import { exportWeb } from '../export/web/exportWeb.js';
import { Detector } from '../models/detector.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import { Turns } from './turns.js';
import { packageVersion } from './version.js';

export interface ServeOptions {
  /** Of `train`. */
  readonly checkpoint: string;
  /** 0 for any that is free. @default 8080 */
  readonly port?: number | undefined;
  /** Address to listen at. @default '127.0.0.1', this machine alone */
  readonly host?: string | undefined;
  /** Largest picture, in bytes. @default 20 MB */
  readonly maxBytes?: number | undefined;
  /** Requests that may wait; those beyond are told to come again. @default 256 */
  readonly queue?: number | undefined;
  /** Least score where a request gives none, 0 … 1. @default 0.3 */
  readonly score?: number | undefined;
  /** Writes the page for `/`; without it there is a sentence. @default true */
  readonly page?: boolean | undefined;
}

export interface RunningServer {
  /** `http://127.0.0.1:8080` */
  readonly address: string;
  /** Why there is no page, where there is none though it was asked for. */
  readonly noPage: string | undefined;
  /** Takes no more requests, answers those that are there, and ends. */
  close(): Promise<void>;
}

/** One picture's network runs while the next is decoded. */
const atOnce = 2;

const usage =
  'POST a picture to /detect, for instance: curl --data-binary @photo.jpg http://HOST:PORT/detect?score=0.3\n';

/**
 * Serves a detector: `POST /detect` takes the bytes of a picture and gives `{ width, height, detections }`, `GET /health` says how it
 * is, `GET /` is the page of `export --format web`. Errors are `{ error }` with a sentence: 400 for what is no picture, 413 for one
 * that is too large, 503 where too many wait.
 *
 * A picture is read from its connection when its turn comes, so that memory does not grow with the number of requests.
 *
 * @throws CheckpointError when the checkpoint is damaged or of another kind
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { checkpoint, port = 8080, host = '127.0.0.1', maxBytes = 20e6, queue = 256, score = 0.3 } = options;
  const detector = Detector.load(checkpoint);
  const { files, folder, problem } = options.page === false ? noPage : await writePage(detector);
  const turns = new Turns(atOnce, queue);
  const decode = openDecoder(detector.description.input.colourProfiles);
  let served = 0;

  const app = new Hono();
  const tooLarge = (c: Context) => c.json({ error: `The picture is larger than ${maxBytes} bytes.` }, 413);
  app.post('/detect', bodyLimit({ maxSize: maxBytes, onError: tooLarge }), async (c) => {
    const least = c.req.query('score') === undefined ? score : Number(c.req.query('score'));
    if (!(least >= 0 && least <= 1)) return c.json({ error: 'Expected score to be a number from 0 to 1.' }, 400);
    const turn = turns.run(async () => {
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      if (bytes.length === 0) return c.json({ error: 'Expected the bytes of a picture, found nothing.' }, 400);
      const image = await decode(bytes);
      const detections = await detector.detect(image, { scoreThreshold: least });
      served++;
      return c.json({ width: image.width, height: image.height, detections });
    });
    if (turn === undefined) return c.json({ error: 'Too many pictures wait already.' }, 503, { 'retry-after': '1' });
    return turn;
  });
  app.get('/health', (c) => c.json({ status: 'ok', version: packageVersion(), waiting: turns.waiting, served }));
  app.get('*', async (c) => {
    const name = c.req.path === '/' ? 'index.html' : c.req.path.slice(1);
    const path = files.get(name);
    if (path !== undefined)
      return c.body(await readFile(path), 200, { 'content-type': getMimeType(name) ?? 'text/javascript' });
    return c.req.path === '/' ? c.text(usage) : c.json({ error: `There is nothing at ${c.req.path}.` }, 404);
  });
  app.onError((error, c) => {
    if (error instanceof ImageError)
      return c.json({ error: `This is no picture that can be read: ${error.reason}.` }, 400);
    return c.json({ error: 'The server has failed at this picture.' }, 500);
  });

  await detector.warmup(); // before anybody is told the address
  const server = await new Promise<Server>((resolve, reject) => {
    const started = listen({ fetch: app.fetch, port, hostname: host }, () => resolve(started as Server));
    started.once('error', reject);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    address: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    noPage: problem,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if ('closeIdleConnections' in server) (server as import('node:http').Server).closeIdleConnections();
      await closed;
      await detector.dispose();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

interface PageFiles {
  /** By the path that a browser asks for. */
  readonly files: ReadonlyMap<string, string>;
  readonly folder: string | undefined;
  readonly problem: string | undefined;
}

const noPage: PageFiles = { files: new Map(), folder: undefined, problem: undefined };

async function writePage(detector: Detector): Promise<PageFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'cmtdet-serve-'));
  try {
    await exportWeb(detector, folder, { version: packageVersion() });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(error instanceof ExportError)) throw error;
    return { ...noPage, problem: error.message };
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return {
    files: new Map(paths.map((path) => [relative(folder, path).split(sep).join('/'), path])),
    folder,
    problem: undefined,
  };
}
