import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { CheckpointError } from '../../src/errors.js';
import { pretrainedFile, published } from '../../src/run/pretrainedFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const weights = Buffer.from('PK, as a zip begins');
const answering = (body: Uint8Array<ArrayBuffer>, init: ResponseInit = {}) =>
  vi.fn<typeof fetch>(async () => new Response(body, init));
const cacheOf = () => join(temporaryFolder(), 'cache');

describe('weights by name', () => {
  it('are fetched once, and kept with their checksum', async () => {
    const [cache, fetch, facts] = [
      cacheOf(),
      answering(weights, { headers: { 'content-length': '19' } }),
      [] as string[],
    ];
    const options = { cache, fetch, onFact: (fact: string) => facts.push(fact) };
    const path = await pretrainedFile('cmt_ti', options);
    expect(path).toBe(join(cache, 'weights', 'cmt_tiny.pth'));
    expect(readFileSync(path)).toEqual(weights);
    expect(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).toEqual({
      url: 'https://github.com/ggjy/CMT.pytorch/releases/download/release-v1/cmt_tiny.pth',
      sha256: createHash('sha256').update(weights).digest('hex'),
    });
    expect(await pretrainedFile('cmt_ti', options)).toBe(path);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(facts).toEqual([
      expect.stringMatching(/^fetching cmt_ti \(0 MiB, licence MIT\) from https:.*; kept at .*cmt_tiny\.pth$/),
    ]);
  });

  it('a file or folder that is called so goes before them', async () => {
    const file = join(temporaryFolder(), 'mine.pth');
    writeFileSync(file, weights);
    expect(await pretrainedFile(file)).toBe(file);
  });

  it('two that ask at once fetch it once', async () => {
    const [cache, fetch] = [cacheOf(), answering(weights)];
    const paths = await Promise.all([
      pretrainedFile('cmt_s', { cache, fetch }),
      pretrainedFile('cmt_s', { cache, fetch }),
    ]);
    expect(new Set(paths).size).toBe(1);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('each name of torchvision brings the first digits of its checksum', () => {
    for (const [name, { url, sha256 }] of published)
      if (name.startsWith('resnet')) expect(url).toMatch(new RegExp(`/${name}-${sha256}\\.pth$`));
  });
});

describe('refused in a sentence that says where to put the file', () => {
  const offline = vi.fn<typeof fetch>(async () => {
    throw new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND github.com') });
  });

  it.each([
    ['no network', offline, 'cannot be reached: getaddrinfo ENOTFOUND github.com'],
    ['not there any more', answering(weights, { status: 404, statusText: 'Not Found' }), 'answered 404 Not Found'],
    ['half of it', answering(weights, { headers: { 'content-length': '40' } }), 'broke off after 19 of 40 bytes'],
    ['the page of a hotel', answering(Buffer.from('<html>')), 'answered with something that is no file of PyTorch'],
  ])('%s', async (_, fetch, message) => {
    const cache = cacheOf();
    const error = await pretrainedFile('cmt_xs', { cache, fetch }).catch((error: CheckpointError) => error);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).toContain(`put it at ${join(cache, 'weights', 'cmt_xs.pth')}`);
    expect(readdirSync(join(cache, 'weights'))).toEqual([]);
  });

  it('a checksum that is not the publisher’s: nothing is kept', async () => {
    const cache = cacheOf();
    await expect(pretrainedFile('resnet50', { cache, fetch: answering(weights) })).rejects.toThrow(
      /expected a SHA-256 of 0676ba61\.\.\., found [0-9a-f]{64}/,
    );
    expect(readdirSync(join(cache, 'weights'))).toEqual([]);
  });

  it('a file that changed since it was fetched', async () => {
    const cache = cacheOf();
    const path = await pretrainedFile('cmt_b', { cache, fetch: answering(weights) });
    writeFileSync(path, 'PK, and other bytes');
    await expect(pretrainedFile('cmt_b', { cache, fetch: offline })).rejects.toThrow('to have it fetched again');
  });

  it('a damaged note of what the file was', async () => {
    const cache = cacheOf();
    const path = await pretrainedFile('cmt_b', { cache, fetch: answering(weights) });
    for (const text of ['{ "sha256": ', '{}', '{ "url": "", "sha256": "" }']) {
      writeFileSync(`${path}.json`, text);
      await expect(pretrainedFile('cmt_b', { cache, fetch: offline })).rejects.toThrow(
        /cmt_base\.pth\.json: expected the address and the SHA-256 of the file, found neither\nRemove .* to have it fetched again/,
      );
    }
  });

  it('a file that was put there by hand is taken', async () => {
    const folder = join(cacheOf(), 'weights');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'cmt_base.pth'), weights);
    const path = await pretrainedFile('cmt_b', { cache: join(folder, '..'), fetch: offline });
    expect(existsSync(`${path}.json`)).toBe(true);
  });

  it('a name that nobody knows: the names', async () => {
    await expect(pretrainedFile('cmt_tiny')).rejects.toThrow(
      'Names of published weights: cmt_ti, cmt_xs, cmt_s, cmt_b, resnet18',
    );
  });
});
