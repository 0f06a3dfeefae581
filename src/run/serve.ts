/** A detector behind HTTP. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { serve as listen } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getMimeType } from 'hono/utils/mime';
import { AddressError, CmtdetError, ExportError, ImageError, InterruptedError } from '../errors.js';
import { exportWeb } from '../export/web/exportWeb.js';
import { Detector } from '../models/detector.js';
import { openDecoder } from '../tensorflow/jpegDecoder.js';
import type { Observer } from './observer.js';
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
  /** `onWarning` is told of each request that the server failed at. */
  readonly observer?: Pick<Observer, 'onWarning'> | undefined;
  /** Ends the start-up after the part under way. Of a server that is running, `close` is the end. */
  readonly signal?: AbortSignal | undefined;
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
 * that is too large, 500 where the server failed, 503 where too many wait or the network is not ready yet.
 *
 * A picture is read from its connection when its turn comes, so that memory does not grow with the number of requests.
 *
 * @throws AddressError when nothing can listen at host and port, before anything is loaded
 * @throws CheckpointError when the checkpoint is damaged or of another kind
 * @throws InterruptedError when `signal` was given
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8080 } = options;
  let answer = starting.fetch;
  const server = await listenAt(host, port, (request, env) => answer(request, env));
  const service = await openService(options).catch(async (error) => {
    await closed(server);
    throw error;
  });
  answer = service.app.fetch;
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    address: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    noPage: service.noPage,
    async close() {
      await closed(server);
      await service.dispose();
    },
  };
}

/** What answers until the network is ready. */
const starting = new Hono().all('*', (c) =>
  c.json({ error: 'The detector is being loaded: come again in a moment.' }, 503, { 'retry-after': '1' }),
);

/** @throws AddressError where the system refuses it */
function listenAt(host: string, port: number, fetch: Parameters<typeof listen>[0]['fetch']): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = listen({ fetch, port, hostname: host }, () => resolve(server as Server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === undefined ? error : new AddressError(whyNot(error, host, port)));
    });
  });
}

function whyNot({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is in use at ${host}: end what listens there, or choose another one with --port (port)`;
    case 'EACCES':
      return `you may not listen at port ${port}: choose one above 1023 with --port (port)`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: --host (host) takes one, or 0.0.0.0 for all of them`;
    default:
      return `nothing can listen at ${host}, port ${port}: ${message}`;
  }
}

/** Takes no more requests, and waits for the answers to those that are there. */
async function closed(server: Server): Promise<void> {
  const end = new Promise<void>((resolve) => server.close(() => resolve()));
  if ('closeIdleConnections' in server) (server as import('node:http').Server).closeIdleConnections();
  await end;
}

interface Service {
  readonly app: Hono;
  readonly noPage: string | undefined;
  dispose(): Promise<void>;
}

/** Makes all ready for the first picture. Where that fails, nothing is left of it. */
async function openService(options: ServeOptions): Promise<Service> {
  const { checkpoint, page = true, signal } = options;
  const goOn = () => {
    if (signal?.aborted) throw new InterruptedError('the server was ended before it was ready');
  };
  const detector = Detector.load(checkpoint);
  let written = noPage;
  const dispose = async () => {
    try {
      await detector.dispose();
    } finally {
      if (written.folder !== undefined) await rm(written.folder, { recursive: true, force: true });
    }
  };
  try {
    goOn();
    if (page) written = await writePage(detector);
    goOn();
    await detector.warmup();
    goOn();
    return { app: appOf(detector, written, options), noPage: written.problem, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function appOf(detector: Detector, { files }: PageFiles, options: ServeOptions): Hono {
  const { maxBytes = 20e6, queue = 256, score = 0.3, observer = {} } = options;
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
    const reason = error instanceof CmtdetError ? error.message : (error.stack ?? String(error));
    observer.onWarning?.(`the server has failed at ${c.req.method} ${c.req.path}: ${reason}`);
    return c.json({ error: 'The server has failed at this picture.' }, 500);
  });
  return app;
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
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const files = new Map(paths.map((path) => [relative(folder, path).split(sep).join('/'), path]));
    return { files, folder, problem: undefined };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (!(error instanceof ExportError)) throw error;
    return { ...noPage, problem: error.message };
  }
}
