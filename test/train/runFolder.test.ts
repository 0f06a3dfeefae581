import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it('a line of a list that was cut off is not gone on with: the next one begins anew', async () => {
  const path = join(temporaryFolder(), 'run');
  const run = await RunFolder.create(path, 'smoke.yaml', await loadConfig('configs/smoke.yaml'));
  run.list('history.jsonl', '{"step":0}');
  appendFileSync(join(path, 'history.jsonl'), '{"ste'); // the disk was full
  run.list('history.jsonl', '{"step":5}');
  run.list('history.jsonl', '{"step":9}');
  run.close();
  expect(readFileSync(join(path, 'history.jsonl'), 'utf8')).toBe('{"step":0}\n{"ste\n{"step":5}\n{"step":9}\n');
});
