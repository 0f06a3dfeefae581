import { afterAll, describe, expect, test, vi } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { abortable } from '../../src/models/abortable.js';
import { Generation } from '../../src/tensorflow/generation.js';
import { tinyDetector } from '../support/tinyModels.js';

const detector = tinyDetector();
afterAll(() => detector.dispose());
const grey = (width: number, height: number) => ({ width, height, data: new Uint8Array(width * height * 3).fill(128) });

describe('abortable', () => {
  test('the result, where no signal comes; nothing listens afterwards', async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    expect(await abortable(Promise.resolve(7), signal)).toBe(7);
    expect(removed).toHaveBeenCalledTimes(1);
  });

  test('the reason of a signal that comes first, while the work goes on and may fail unheard', async () => {
    const controller = new AbortController();
    let fail: (error: Error) => void = () => {};
    const work = new Promise<number>((_, reject) => {
      fail = reject;
    });
    const result = abortable(work, controller.signal);
    controller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    fail(new Error('nobody hears this'));
    await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would fail the test
  });
});

describe('signal', () => {
  test('given before: neither detect nor detectBatch begins', async () => {
    const runs = vi.spyOn(Generation.prototype, 'run');
    const signal = AbortSignal.abort(new Error('not wanted'));
    await expect(detector.detect(grey(64, 64), { signal })).rejects.toThrow('not wanted');
    await expect(detector.detect('no such file.jpg', { signal })).rejects.toThrow('not wanted');
    expect(runs).not.toHaveBeenCalled();
    runs.mockRestore();
  });

  test('given during the run: the call is rejected, and the detector works on', async () => {
    const controller = new AbortController();
    const call = detector.detect(grey(64, 64), { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect((await detector.detect(grey(64, 64))).length).toBeGreaterThan(0);
  });
});

test('an option that is undefined is not asked for', async () => {
  const undefinedOptions = { scoreThreshold: undefined, nmsIou: undefined, maxDetections: undefined } as object;
  const found = await detector.detect(grey(64, 64));
  expect(found.length).toBeGreaterThan(0);
  expect(await detector.detect(grey(64, 64), undefinedOptions)).toEqual(found);
});

describe('manyAtOnce', () => {
  test('finds the same, in the order of the pictures, and each picture has its part of the time', async () => {
    const sides = [64, 96, 128, 64, 160];
    const images = sides.map((side) => grey(side, 64));
    const started = performance.now();
    let [place, seconds] = [0, 0];
    for await (const found of detector.detectEach(images, { manyAtOnce: true })) {
      expect(found.input).toBe(images[place++]);
      expect(found.detections.length).toBeGreaterThan(0);
      seconds += found.seconds;
    }
    expect(place).toBe(sides.length);
    expect(seconds).toBeLessThanOrEqual((performance.now() - started) / 1000);
    const alone = await detector.detect(images[2]!);
    const together = await detector.detectEach([images[2]!], { manyAtOnce: true }).next();
    expect(together.value!.detections).toHaveLength(alone.length);
    for (const [i, { box }] of together.value!.detections.entries())
      for (const [side, value] of box.entries()) expect(value).toBeCloseTo(alone[i]!.box[side]!, 2);
  });
});

describe('warmup', () => {
  test('pictures of these sizes trace nothing more; sizes of one padded shape are prepared once', async () => {
    const runs = vi.spyOn(Generation.prototype, 'run');
    await detector.warmup([
      { width: 320, height: 96 },
      { width: 321, height: 97 },
      { width: 96, height: 320 },
    ]);
    expect(runs).toHaveBeenCalledTimes(2);
    const keys = new Set(runs.mock.calls.map(([key]) => key));
    await detector.detect(grey(321, 97));
    expect(keys).toContain(runs.mock.calls.at(-1)![0]);
    runs.mockRestore();
  });

  test('without sizes: the shapes that the checkpoint lists', async () => {
    const listed = tinyDetector(undefined, undefined, [
      [96, 160],
      [160, 96],
    ]);
    const runs = vi.spyOn(Generation.prototype, 'run');
    await listed.warmup();
    expect(runs).toHaveBeenCalledTimes(2);
    const keys = new Set(runs.mock.calls.map(([key]) => key));
    await listed.detect(grey(150, 96)); // its own padded shape is 96 x 160, too
    await listed.detect(grey(96, 128)); // 128 x 96 by itself
    expect(new Set(runs.mock.calls.map(([key]) => key))).toEqual(keys);
    runs.mockRestore();
    await listed.dispose();
  });

  test('a size that is none is refused', async () => {
    await expect(detector.warmup([{ width: 0, height: 5 }])).rejects.toThrow(EngineError);
  });
});
