import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** A Chromium of the system, or that of CMTDET_TEST_CHROMIUM; undefined where there is none. */
export const chromiumPath = [
  process.env.CMTDET_TEST_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** Serves the files of a folder, as any static server does. @param options isolated: with the headers that threads in WebAssembly need */
export async function serveFolder(
  folder: string,
  { isolated = false }: { readonly isolated?: boolean } = {},
): Promise<{ readonly address: string; readonly server: Server }> {
  const server = createServer(async ({ url }, response) => {
    const path = normalize(new URL(url!, 'http://localhost').pathname).replace(/\/$/, '/index.html');
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    const type = types[extname(path)] ?? 'application/octet-stream';
    response.writeHead(bytes ? 200 : 404, { 'content-type': type, ...(isolated && isolation) });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
