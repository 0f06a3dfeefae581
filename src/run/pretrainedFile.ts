/** Weights that others have published, by name: fetched once, and kept in the user's cache folder. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { CheckpointError } from '../errors.js';
import { writeAtomically } from '../formats/atomic.js';
import { makeFolder } from '../formats/makeFolder.js';
import { cacheFolder } from '../tensorflow/install/locate.js';
import { withLock } from '../tensorflow/install/lock.js';

interface Published {
  readonly url: string;
  readonly licence: string;
  /** First hexadecimal digits of the SHA-256, where the publisher tells them. */
  readonly sha256?: string;
}

const authors = (file: string): Published => ({
  url: `https://github.com/ggjy/CMT.pytorch/releases/download/release-v1/${file}.pth`,
  licence: 'MIT',
});
/** torchvision's names end with the first digits of the checksum. */
const torchvision = (file: string): Published => ({
  url: `https://download.pytorch.org/models/${file}.pth`,
  licence: 'BSD-3-Clause',
  sha256: file.split('-')[1]!,
});

/** Classifiers for ImageNet, by what `model.backbone` calls their backbones. */
export const published: ReadonlyMap<string, Published> = new Map([
  ['cmt_ti', authors('cmt_tiny')],
  ['cmt_xs', authors('cmt_xs')],
  ['cmt_s', authors('cmt_small')],
  ['cmt_b', authors('cmt_base')],
  ['resnet18', torchvision('resnet18-f37072fd')],
  ['resnet34', torchvision('resnet34-b627a593')],
  ['resnet50', torchvision('resnet50-0676ba61')],
  ['resnet101', torchvision('resnet101-63fe2227')],
]);

export interface PretrainedOptions {
  /** @default the user's cache folder */
  readonly cache?: string;
  /** @default Node's */
  readonly fetch?: typeof globalThis.fetch;
  /** Told what is fetched, and where it is kept. */
  readonly onFact?: ((fact: string) => void) | undefined;
}

/**
 * The file that a user means: a path as it is, or the file of published weights of that name, which is fetched where it is not in the cache.
 *
 * @throws CheckpointError when it cannot be fetched, or is not what was published
 */
export async function pretrainedFile(nameOrPath: string, options: PretrainedOptions = {}): Promise<string> {
  if (existsSync(nameOrPath)) return nameOrPath;
  const weights = published.get(nameOrPath);
  if (weights === undefined) {
    const names = [...published.keys()].join(', ');
    throw new CheckpointError(
      nameOrPath,
      [{ at: 'file', message: 'no such file' }],
      `Names of published weights: ${names}.`,
    );
  }
  const folder = join(options.cache ?? cacheFolder(), 'weights');
  makeFolder(folder);
  const path = join(folder, basename(weights.url));
  await withLock(`${path}.lock`, async () => {
    if (existsSync(path)) await verify(nameOrPath, weights, path);
    else await download(nameOrPath, weights, path, options);
  });
  return path;
}

async function download(
  name: string,
  { url, licence, sha256 = '' }: Published,
  path: string,
  { fetch = globalThis.fetch, onFact }: PretrainedOptions,
): Promise<void> {
  const refuse = (message: string): never => {
    throw new CheckpointError(
      name,
      [{ at: url, message }],
      `Fetch it by other means and put it at ${path}, or name a file that you have.`,
    );
  };
  const response = await fetch(url).catch((error: Error) => refuse(`cannot be reached: ${reasonOf(error)}`));
  const { ok, status, statusText, body, headers } = response;
  if (!ok || body === null) return refuse(`answered ${status} ${statusText}`.trimEnd());
  const size = Number(headers.get('content-length') ?? Number.NaN);
  const megabytes = Number.isNaN(size) ? '' : `${(size / 2 ** 20).toFixed(0)} MiB, `;
  onFact?.(`fetching ${name} (${megabytes}licence ${licence}) from ${url}; kept at ${path}`);
  const hash = createHash('sha256');
  let found = '';
  await writeAtomically(path, async (file) => {
    let [written, start] = [0, ''];
    await pipeline(body, async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) {
        if (start.length < 2) start += Buffer.from(chunk.subarray(0, 2)).toString('latin1');
        hash.update(chunk);
        written += (await file.write(chunk)).bytesWritten;
      }
    }).catch((error: Error) => refuse(`broke off after ${written} bytes: ${reasonOf(error)}`));
    if (written < size && !headers.has('content-encoding')) refuse(`broke off after ${written} of ${size} bytes`);
    if (!/^(PK|\x80)/.test(start)) refuse('answered with something that is no file of PyTorch'); // a zip, or a pickle
    found = hash.digest('hex');
    if (!found.startsWith(sha256)) refuse(`expected a SHA-256 of ${sha256}..., found ${found}`);
  });
  await remember(path, { url, sha256: found });
}

const reasonOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);

/** Holds a file to the digits that its publisher tells, and to what it was when it was first seen here. */
async function verify(name: string, { url, sha256 = '' }: Published, path: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  const found = hash.digest('hex');
  const refuse = (at: string, message: string): never => {
    throw new CheckpointError(name, [{ at, message }], `Remove ${path} and ${noteOf(path)}, to have it fetched again.`);
  };
  const known = existsSync(noteOf(path)) ? Note.safeParse(await readFile(noteOf(path), 'utf8')) : undefined;
  if (known?.success === false)
    return refuse(noteOf(path), 'expected the address and the SHA-256 of the file, found neither');
  const expected = known?.data.sha256 ?? sha256;
  if (!found.startsWith(expected))
    refuse(path, `expected a SHA-256 of ${expected}${expected.length < 64 ? '...' : ''}, found ${found}`);
  if (known === undefined) await remember(path, { url, sha256: found }); // somebody put it there
}

/** What is known of a file in the cache, as text. */
const Note = z
  .string()
  .transform((text, ctx) => {
    try {
      return JSON.parse(text);
    } catch {
      ctx.addIssue('no JSON');
      return z.NEVER;
    }
  })
  .pipe(z.object({ url: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }));

/** It lies beside the file. */
const noteOf = (path: string): string => `${path}.json`;

async function remember(path: string, note: z.output<typeof Note>): Promise<void> {
  await writeAtomically(noteOf(path), (file) => file.writeFile(`${JSON.stringify(note, null, 2)}\n`));
}
