import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { RepairTally } from '../../src/data/repairs.js';
import { DataNotes } from '../../src/run/dataNotes.js';
import { dataEvents } from '../../src/run/observer.js';
import { RunFolder } from '../../src/train/runFolder.js';
import type { DataEvents } from '../../src/train/task.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it('lists each picture once: found before the run or in it, by both loaders, and again when the run is resumed', async () => {
  const folder = join(temporaryFolder(), 'run');
  const config = await loadConfig('configs/smoke.yaml');
  const [early, late, later] = ['early', 'late', 'later'].map((file) => ({ file, reason: 'is empty (0 bytes)' }));
  const first = new DataNotes(dataEvents({}));
  first.onSkipped(early!);
  const run = await RunFolder.create(folder, 'configs/smoke.yaml', config);
  first.listIn(run);
  first.onSkipped(late!);
  first.onSkipped(late!);
  run.close();
  writeFileSync(run.state, ''); // without a state there is nothing to resume
  const second = new DataNotes(dataEvents({}));
  second.onSkipped(early!);
  const resumed = RunFolder.open(folder, 'configs/smoke.yaml');
  second.listIn(resumed);
  for (const picture of [late!, later!]) second.onSkipped(picture);
  resumed.close();
  expect(readFileSync(join(folder, 'skipped.txt'), 'utf8')).toBe(
    ['early', 'late', 'later'].map((file) => `${file}\tis empty (0 bytes)\n`).join(''),
  );
});

it('what was mended: a line for each kind, and in the run folder every place, of the data as it is now', async () => {
  const folder = join(temporaryFolder(), 'run');
  const heard: string[] = [];
  const onRepair: DataEvents['onRepair'] = (source, { message }) => heard.push(`${source}: ${message}`);
  const told = (annotations: number) => {
    const tally = new RepairTally();
    for (let i = 0; i < annotations; i++) tally.addEntry('{n} annotations have no area', 'annotations', 2 * i);
    const notes = new DataNotes(dataEvents({ onRepair }));
    for (const _ of ['train', 'val']) for (const repair of tally.repairs()) notes.onRepair('train.json', repair);
    return notes;
  };
  const run = await RunFolder.create(folder, 'configs/smoke.yaml', await loadConfig('configs/smoke.yaml'));
  told(6).listIn(run);
  const first = 'annotations[0], annotations[2], annotations[4], annotations[6], annotations[8]';
  const line = `train.json: 6 annotations have no area (${first}, ...)`;
  expect(heard).toEqual([line]); // once, although val is the file of train
  const places = [0, 2, 4, 6, 8, 10].map((index) => `\tannotations[${index}]\n`);
  expect(readFileSync(join(folder, 'repairs.txt'), 'utf8')).toBe(`${line}\n${places.join('')}`);
  told(1).listIn(run); // resumed with a file that somebody has mended
  expect(run.lines('repairs.txt')).toHaveLength(2);
  told(0).listIn(run);
  expect(existsSync(join(folder, 'repairs.txt'))).toBe(false);
  run.close();
});
