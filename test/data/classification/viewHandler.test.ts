import { expect, test, vi } from 'vitest';
import { viewHandler } from '../../../src/data/classification/viewHandler.js';
import { pixelMemory } from '../../../src/data/image/pixelMemory.js';
import type * as reading from '../../../src/data/loading/pictureReader.js';

const { read } = vi.hoisted(() => ({ read: vi.fn<reading.ReadPicture>() }));

vi.mock('../../../src/data/loading/pictureReader.js', async (original) => ({
  ...(await original<typeof reading>()),
  pictureReader: () => ({ read, readPart: read, keepsWhole: true }),
}));

const evaluation = { purpose: 'evaluation', size: 4, interpolation: 'bicubic', cropFraction: 1 } as const;
const train = {
  purpose: 'train',
  size: 4,
  interpolation: 'bicubic',
  crop: { scale: [0.5, 1], ratio: [1, 1] },
  flip: 0.5,
  randAugment: null,
  colorJitter: 0,
  erasing: { probability: 0, area: [0.1, 0.2], ratio: [1, 1] },
} as const;

test.each([
  ['evaluation', evaluation],
  ['train', train],
])(
  '%s: the memory of a picture that was decoded whole is for the next one, which changes nothing that was made of it',
  async (_, transform) => {
    const bytes = 8 * 8 * 3;
    const data = pixelMemory(bytes).map((_, i) => i % 251);
    const own = pixelMemory(bytes);
    own.set(data);
    read.mockResolvedValue({ data: own, width: 8, height: 8 });
    const handle = viewHandler({ reader: { decoder: '', colourProfiles: 'apply' }, task: { transform, seed: 1 } });
    const batch = new SharedArrayBuffer(4 * 4 * 3);
    const source = { file: 'a.jpg', name: 'a.jpg', keepPixels: true };
    const filled = await handle({ sources: [source], how: [0, 0], batch, place: 0 });
    const view = new Uint8Array(batch).slice();
    const next = pixelMemory(bytes);
    expect(next.buffer).toBe(own.buffer);
    next.fill(0);
    expect(new Uint8Array(batch)).toEqual(view);
    expect(view.some((value) => value > 0)).toBe(true);
    if ('reason' in filled) throw new Error(filled.reason);
    expect([...new Uint8Array(filled.kept[0]!.buffer)]).toEqual([...data]);
  },
);
