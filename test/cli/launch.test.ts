import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { MetricsLog } from '../../src/train/metricsLog.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const steps = 40;

test.skipIf(process.platform !== 'linux')(
  'launch --restarts: a worker is killed in the middle, the run goes on from its last state and comes to its end',
  { timeout: 240_000 },
  async () => {
    const folder = temporaryFolder();
    const { splits } = await generateShapes(join(folder, 'data'), { train: 4, val: 1 });
    const run = join(folder, 'run');
    const sets = [
      'model.backbone.variant={ dims: [8, 8, 8, 8], stemChannels: 4, depths: [1, 1, 1, 1], heads: [1, 1, 1, 1] }',
      'model.backbone.biasSize=32',
      'model.neck={ channels: 32, levels: [P3, P4, P5] }',
      `data.train=${JSON.stringify(splits.train)}`,
      'data.val=null',
      'data.shortSide=32',
      'data.longSide=32',
      'train.batchSize=1',
      `train.maxSteps=${steps}`,
      'train.checkpointEvery=1',
      'train.logEvery=1',
      'engine.fuse=none',
    ].flatMap((set) => ['--set', set]);
    const command = ['train', 'configs/smoke.yaml', '--run', run, ...sets];
    const launched = ['launch', '--workers', '2', '--restarts', '1', '--', ...command];
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...launched], { stdio: 'pipe' });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const ended = once(child, 'close');
    const log = new MetricsLog(join(run, 'metrics.jsonl'));
    while (log.lines('train').length < 3 && child.exitCode === null) await sleep(5);
    const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    process.kill(Number(workers[1]), 'SIGKILL');

    expect((await ended)[0], said).toBe(0);
    expect(said).toContain('worker 1 was ended by SIGKILL');
    expect(said).toContain('starting again from the last state');
    expect(log.lines('train').map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  },
);
