/** Files that Pillow wrote (tools/golden/plain.py) have the pixels that Pillow reads. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { imageDecoder } from '../../../../src/data/image/decode.js';

interface Golden {
  readonly file: string;
  readonly size: readonly [number, number];
  readonly digest: string;
}
const golden: Record<string, Golden> = JSON.parse(readFileSync('test/data/image/plain/pillow.json', 'utf8'));

test.each(Object.entries(golden))('%s', async (_, { file, size, digest }) => {
  const { data, width, height } = await imageDecoder()(Buffer.from(file, 'base64'));
  expect([width, height]).toEqual(size);
  expect(createHash('sha256').update(data).digest('hex').slice(0, 16)).toBe(digest);
});
