import { describe, expect, it } from 'vitest';
import type { LoadingOptions } from '../../../src/data/loading/options.js';
import { type BatchPlan, PictureBatches } from '../../../src/data/loading/pictureBatches.js';
import type { PictureHandler, PictureSource } from '../../../src/data/loading/pictureJob.js';

/** Pictures of one byte, which is their number plus `how`. Those of 100 and more cannot be read. */
const handler: PictureHandler<PictureSource, number, string> = async ({ sources, how, batch, place }) => {
  const [{ name, pixels, keepPixels }] = sources as [(typeof sources)[0]];
  if (Number(name) >= 100) return { file: name, reason: 'is broken' };
  new Uint8Array(batch)[place] = Number(name) + how;
  const kept = { buffer: new SharedArrayBuffer(1), width: 1, height: 1 };
  return { made: pixels ? `${name} from memory` : name, kept: [keepPixels ? kept : undefined] };
};

function open(options: LoadingOptions = {}, isPart = false) {
  const task = {
    source: (index: number) => ({ name: String(index), file: `${index}.png` }),
    batchBytes: 3,
    isPart,
    handler: () => handler,
    module: new URL('file:///not/used'),
    settings: {},
  };
  return new PictureBatches(task, { workers: 0, ...options });
}

const plan = (pictures: readonly number[], distinct = pictures.length): BatchPlan<number> => ({
  places: pictures.map((picture) => ({ pictures: [picture], how: 1 })),
  distinct,
  bytes: 1,
});

describe('PictureBatches', () => {
  it('skip: good pictures move up and repeat; a batch without any is left out; each broken file is told once', async () => {
    const told: string[] = [];
    const batches = open({ onBroken: 'skip', onSkipped: ({ file }) => told.push(file) });
    const found: unknown[] = [];
    for await (const { images, origins, made, distinct } of batches.batches([
      plan([1, 100, 3]),
      plan([100, 101, 102]),
      plan([100, 5, 6], 2),
    ]))
      found.push([[...images], origins, made, distinct]);
    expect(found).toEqual([
      [[2, 4, 2], [0, 2, 0], ['1', '3', '1'], 2],
      [[6, 7, 6], [1, 2, 1], ['5', '6', '5'], 1], // of the first two places, one is good
    ]);
    expect(told.sort()).toEqual(['100', '101', '102']);
  });

  it('skip, a part of a batch of several processes: without any good picture, an error that names all', async () => {
    const batches = open({ onBroken: 'skip' }, true);
    const made = batches.batches([plan([1, 100, 3]), plan([100, 101, 102])]);
    expect((await made.next()).value?.origins).toEqual([0, 2, 0]);
    await expect(made.next()).rejects.toThrow(
      '100: is broken, nor can 101, 102: with no picture of its part of a batch',
    );
  });

  it('stop: an error with the name of the file', async () => {
    const batches = open();
    await expect(batches.batches([plan([1, 100, 3])]).next()).rejects.toThrow('100: is broken');
  });

  it('memory for batches is used again: with two made ahead, three buffers are enough', async () => {
    const plans = Array.from({ length: 20 }, (_, i) => plan([i, i, i]));
    const buffers = new Set<unknown>();
    for await (const { images } of open({ prefetch: 2 }).batches(plans)) buffers.add(images.buffer);
    expect(buffers.size).toBeLessThanOrEqual(3);
  });

  it('cache in memory: the pictures that came first, as far as there is room, come from there the next time', async () => {
    const batches = open({ cache: { kind: 'memory', maxBytes: 2 } });
    const made: (readonly string[])[] = [];
    for (const _ of ['first', 'second'])
      for await (const batch of batches.batches([plan([1, 2, 3])])) made.push(batch.made);
    expect(made).toEqual([
      ['1', '2', '3'],
      ['1 from memory', '2 from memory', '3'],
    ]);
  });
});
