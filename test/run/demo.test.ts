import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runDemo } from '../../src/cli/demo.js';
import { InterruptedError, UsageError } from '../../src/errors.js';
import { demo } from '../../src/run/demo.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const made = ['detector', 'predictions', 'pretrain'];

/** A folder that has what a demo makes, the pictures aside. */
function demoFolder(config: string): string {
  const out = temporaryFolder();
  for (const name of ['data', ...made]) mkdirSync(join(out, name));
  writeFileSync(join(out, 'pretrain', 'config.yaml'), config);
  writeFileSync(join(out, 'data', 'recipe.json'), '{"generation":1,"seed":1,"train":1200,"val":100,"size":128}');
  return out;
}

/** The demo, stopped as its first part begins. */
function stopped(out: string) {
  const controller = new AbortController();
  return demo({ out, observer: { onPart: () => controller.abort() }, signal: controller.signal });
}

it('removes what an earlier demo has made, and is stopped before the next part', async () => {
  const out = demoFolder('task: classification\ndata:\n  train: demo/data/crops/train\n');
  await expect(stopped(out)).rejects.toThrow(InterruptedError);
  expect(readdirSync(out)).toEqual(['data', 'demo.txt']);
  // One that was killed may leave anything of what it makes.
  mkdirSync(join(out, 'pretrain'));
  writeFileSync(join(out, 'results.json'), '[]');
  await expect(stopped(out)).rejects.toThrow(InterruptedError);
  expect(readdirSync(out)).toEqual(['data', 'demo.txt']);
});

it.each(['task: classification\ndata:\n  train: photos/train\n', ''])(
  'folders that no demo made stay, and are named: config %j',
  async (config) => {
    const out = demoFolder(config);
    await expect(stopped(out)).rejects.toThrow(UsageError);
    await expect(stopped(out)).rejects.toThrow(`${join(out, 'detector')}, ${join(out, 'predictions')}: there already`);
    expect(readdirSync(out).sort()).toEqual(['data', ...made].sort());
  },
);

it('stopped while it makes pictures: not one more; called again, it is not refused', async () => {
  const out = join(temporaryFolder(), 'demo');
  for (const _ of [1, 2]) {
    const controller = new AbortController();
    const onProgress = (done: number) => done === 2 && controller.abort();
    await expect(demo({ out, observer: { onProgress }, signal: controller.signal })).rejects.toThrow(InterruptedError);
    expect(readdirSync(join(out, 'data', 'train'))).toHaveLength(3);
    expect(existsSync(join(out, 'pretrain'))).toBe(false);
  }
});

it('--data-only trains nothing that --set could change', async () => {
  await expect(runDemo({ out: 'none', dataOnly: true, set: ['train.epochs=1'] })).rejects.toThrow(UsageError);
});
