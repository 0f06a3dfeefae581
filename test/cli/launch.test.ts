import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { continued, launch, onLine } from '../../src/cli/launch.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { UsageError } from '../../src/errors.js';
import { MetricsLog } from '../../src/train/metricsLog.js';
import { outputOf } from '../support/standardOutput.js';
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

test.each(['state.safetensors', 'state.previous.safetensors'])(
  'goes on from %s, without what the run began with',
  (state) => {
    const run = temporaryFolder();
    const begun = ['train', 'a.yaml', '--run', run];
    const whole = [...begun, '--init-from', 'b.safetensors', '--set', 'train.seed=2'];
    expect(continued(whole, run)).toEqual(whole); // nothing was saved: from the start
    writeFileSync(join(run, state), '');
    expect(continued(whole, run)).toEqual([...begun, '--set', 'train.seed=2', '--resume']);
    expect(continued([...begun, '--init-from=b.safetensors'], run)).toEqual([...begun, '--resume']);
    expect(continued([...begun, '--resume'], run)).toEqual([...begun, '--resume']);
  },
);

test.each(['--minutes 20', '--minutes=20'])(
  '--restarts is refused with %s: the time of both would not be told apart',
  async (minutes) => {
    const command = ['train', 'a.yaml', '--run', 'runs/a', ...minutes.split(' ')];
    const launched = launch(command, { workers: 2, restarts: 1 });
    await expect(launched).rejects.toThrow(UsageError);
    await expect(launched).rejects.toThrow('--set train.maxMinutes=N');
  },
);

test('results are those of worker 0 alone', async () => {
  const printed = await outputOf(async () => {
    for (const index of [0, 1]) onLine(index, 'stdout', `of ${index}`);
  });
  expect(printed).toBe('of 0\n');
});
