/** What a run survives: damage, kills, changes, other processes. Each begins and goes on with the toy task. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../src/config/load.js';
import { CheckpointError, InterruptedError, NonFiniteError, UsageError } from '../../src/errors.js';
import { readModel } from '../../src/models/checkpoints/modelFile.js';
import type { ForwardContext } from '../../src/nn/module.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { RunFolder } from '../../src/train/runFolder.js';
import { readState } from '../../src/train/state.js';
import type { StepEvent } from '../../src/train/task.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { type ToyOptions, ToyTask, toyConfig } from '../support/toyTask.js';

const configOf = (set: readonly string[] = []) => parseConfig(toyConfig, 'test', ['train.ema=0.9', ...set]);

interface Begun extends ToyOptions {
  readonly set?: string[];
  readonly resume?: boolean;
  readonly acceptChanges?: boolean;
  /** Step after which a signal comes. */
  readonly stopAt?: number;
  readonly task?: (task: ToyTask) => ToyTask;
}

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'run');
});

async function begin({ set = [], resume = false, acceptChanges = false, stopAt, task: change, ...toy }: Begun = {}) {
  const config = configOf(set);
  const run = resume ? RunFolder.open(path, 'toy.yaml') : await RunFolder.create(path, 'toy.yaml', config);
  const task = (change ?? ((same) => same))(new ToyTask(toy));
  const steps: StepEvent[] = [];
  const warnings: string[] = [...run.notes];
  const controller = new AbortController();
  const observer = {
    onStep(event: StepEvent) {
      steps.push(event);
      if (event.step === stopAt) controller.abort();
    },
    onPreparing() {},
    onEvaluating() {},
    onEvaluated() {},
    onWarning: (message: string) => warnings.push(message),
  };
  try {
    const metrics = await runEpochs(task, { config, run, resume, acceptChanges, observer, signal: controller.signal });
    return { metrics, run, steps, warnings, task };
  } finally {
    run.close();
  }
}

const interrupted = (options: Begun) => expect(begin(options)).rejects.toThrow(InterruptedError);

const file = (name: string) => join(path, name);
const bytesOfTensors = (name: string) =>
  [...readModel(file(name)).tensors].map(([key, { data }]) => [
    key,
    Buffer.from(data.buffer as ArrayBuffer).toString('hex'),
  ]);
const lines = (kind: string, name = 'metrics.jsonl') =>
  readFileSync(file(name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => line.kind === kind);

/** Flips a bit in the middle of a file's tensors. */
function flip(name: string): void {
  const bytes = readFileSync(file(name));
  const at = Math.floor(bytes.length * 0.9);
  bytes[at] = bytes[at]! ^ 4;
  writeFileSync(file(name), bytes);
}

describe('never stuck', () => {
  test('there is a state before the first step, and a run goes on from it as if it had just begun', async () => {
    const whole = await begin();
    const weights = bytesOfTensors('last.safetensors');
    expect(whole.steps).toHaveLength(12);
    rmSync(path, { recursive: true });
    const killed = begin({
      task: (task) =>
        Object.assign(task, {
          feed: () => {
            throw new Error('power cut');
          },
        }),
    });
    await expect(killed).rejects.toThrow('power cut');
    expect(readState(file('state.safetensors')).header.progress.updates).toBe(0);
    await begin({ resume: true });
    expect(bytesOfTensors('last.safetensors')).toEqual(weights);
  });

  test('killed before its first state: both a new run and --resume begin with the first step', async () => {
    const config = configOf();
    for (const resume of [false, true]) {
      (await RunFolder.create(path, 'toy.yaml', config)).close();
      const { steps, warnings } = await begin({ resume, set: ['train.maxSteps=1'] });
      expect(steps.map(({ step }) => step)).toEqual([1]);
      expect(warnings).toEqual(
        resume ? ['nothing had been saved of this run yet: it goes on with the first step'] : [],
      );
      rmSync(path, { recursive: true });
    }
  });

  test('checkpoints without a state, and a folder without a run, are not resumed', async () => {
    expect(() => RunFolder.open(path, 'toy.yaml')).toThrow(/holds no run to resume/);
    await begin({ set: ['train.maxSteps=1'] });
    for (const name of ['state.safetensors', 'state.previous.safetensors']) rmSync(file(name), { force: true });
    expect(() => RunFolder.open(path, 'toy.yaml')).toThrow(/last.safetensors and best.safetensors and no state/);
    await expect(begin()).rejects.toThrow(/holds a run already/);
  });

  test('half-written files of killed processes are removed', async () => {
    await begin({ set: ['train.maxSteps=1'] });
    writeFileSync(file('.state.safetensors.0123456789ab.tmp'), 'half');
    const { warnings } = await begin({ resume: true, set: ['train.maxSteps=2'] });
    expect(warnings.slice(0, 1)).toEqual(['1 half-written files of killed processes were removed']);
    expect(readdirSync(path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('one process at a time', () => {
  test('a second one is refused while the first works, and welcome afterwards', async () => {
    const first = await RunFolder.create(path, 'toy.yaml', configOf());
    const refused = new RegExp(`process ${process.pid} of .* works in this run folder`);
    expect(() => RunFolder.open(path, 'toy.yaml')).toThrow(refused);
    first.close();
    RunFolder.open(path, 'toy.yaml').close();
    expect(existsSync(file('run.lock'))).toBe(false);
  });

  test('the lock of a dead process is taken over, with a note; so is one that was cut off', async () => {
    (await RunFolder.create(path, 'toy.yaml', configOf())).close();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const dead = { pid, host: hostname(), since: 'yesterday', born: null };
    for (const text of [JSON.stringify(dead), '{"pid":']) {
      writeFileSync(file('run.lock'), text);
      const run = RunFolder.open(path, 'toy.yaml');
      expect(run.notes).toEqual([expect.stringContaining('left this run folder without an end; it is taken over')]);
      run.close();
    }
  });

  test.runIf(process.platform === 'linux')('a later process with the id of a dead one holds nothing', async () => {
    (await RunFolder.create(path, 'toy.yaml', configOf())).close();
    writeFileSync(file('run.lock'), JSON.stringify({ pid: process.pid, host: hostname(), since: 'x', born: 'before' }));
    RunFolder.open(path, 'toy.yaml').close();
  });

  test('of a process on another machine nobody here knows whether it lives', async () => {
    (await RunFolder.create(path, 'toy.yaml', configOf())).close();
    writeFileSync(file('run.lock'), JSON.stringify({ pid: 1, host: 'elsewhere', since: 'x', born: null }));
    expect(() => RunFolder.open(path, 'toy.yaml')).toThrow(/process 1 of elsewhere.*If that process is over, remove/);
    expect(() => RunFolder.open(path, 'toy.yaml')).toThrow(UsageError);
  });
});

describe('exact resumption', () => {
  const sets = ['train.accumulate=2', 'train.ema=0.9', 'engine.mixedPrecision=float16'];
  const toy = { batches: 5, broken: ['0/2'] };

  test('stopped after any step, with accumulation, average, dropout, loss scale and a batch left out: the same bits', async () => {
    const whole = await begin({ set: sets, ...toy });
    const last = whole.steps.at(-1)!.step;
    const weights = bytesOfTensors('last.safetensors');
    for (let stopAt = 1; stopAt < last; stopAt++) {
      rmSync(path, { recursive: true });
      await interrupted({ set: sets, stopAt, ...toy });
      await begin({ set: sets, resume: true, ...toy });
      expect(bytesOfTensors('last.safetensors')).toEqual(weights);
    }
  });

  test('twice the same run: the same bits', async () => {
    await begin();
    const first = bytesOfTensors('last.safetensors');
    rmSync(path, { recursive: true });
    await begin();
    expect(bytesOfTensors('last.safetensors')).toEqual(first);
  });

  test('killed while it measured: measured again, and only once in the log', async () => {
    const breaking = (task: ToyTask) => Object.assign(task, { evaluate: () => Promise.reject(new Error('killed')) });
    await expect(begin({ task: breaking })).rejects.toThrow('killed');
    const { task } = await begin({ resume: true });
    expect(task.evaluated).toHaveLength(3);
    expect(lines('val').map(({ step }) => step)).toEqual([4, 8, 12]);
  });

  test('a finished run that is resumed says what it measured, and does nothing', async () => {
    const { metrics } = await begin({ metrics: [0.1, 0.2, 0.3] });
    const again = await begin({ resume: true });
    expect(again.steps).toEqual([]);
    expect(again.metrics).toEqual(metrics);
  });
});

describe('states that heal', () => {
  const every = ['train.checkpointEvery=1'];

  test.each<[string, (name: string) => void]>([
    ['a flipped bit', flip],
    ['cut off', (name) => truncateSync(file(name), 500)],
    ['empty', (name) => writeFileSync(file(name), '')],
    ['gone', (name) => rmSync(file(name))],
  ])(
    'the state is damaged (%s): the one before it is used, with a warning, and the end is the same',
    async (_, damage) => {
      await begin();
      const weights = bytesOfTensors('last.safetensors');
      rmSync(path, { recursive: true });
      await interrupted({ set: every, stopAt: 6 });
      damage('state.safetensors');
      const { warnings, steps } = await begin({ resume: true, set: every });
      expect(warnings.join()).toMatch(/The state before it is used, of step 5\./);
      expect(steps[0]!.step).toBe(6);
      expect(bytesOfTensors('last.safetensors')).toEqual(weights);
    },
  );

  test('the state is damaged: it does not push out the good one before it', async () => {
    await interrupted({ set: every, stopAt: 6 });
    flip('state.safetensors');
    const killed = begin({ resume: true, set: every, task: (task) => failingAt(task, 1) });
    await expect(killed).rejects.toThrow('power cut');
    const states = ['state.safetensors', 'state.previous.safetensors'].map((name) => readState(file(name)));
    expect(states.map(({ header }) => header.progress.updates)).toEqual([6, 5]);
  });

  test('the state is removed while the run goes on: the next one takes its place', async () => {
    const removing = (task: ToyTask) => {
      const feed = task.feed.bind(task);
      return Object.assign(task, {
        feed(batch: Parameters<typeof feed>[0]) {
          if (batch.name === '1/1') rmSync(file('state.safetensors'));
          return feed(batch);
        },
      });
    };
    await begin({ set: every, task: removing });
    expect(readState(file('state.safetensors')).header.progress.updates).toBe(12);
  });

  test('both states damaged: refused, and nothing is overwritten', async () => {
    await interrupted({ set: every, stopAt: 6 });
    for (const name of ['state.safetensors', 'state.previous.safetensors']) flip(name);
    const before = readFileSync(file('state.safetensors'));
    await expect(begin({ resume: true, set: every })).rejects.toThrow(/checksum/);
    expect(readFileSync(file('state.safetensors')).equals(before)).toBe(true);
  });

  test.each(['best', 'last'])('%s.safetensors is damaged: put aside, and the run goes on', async (name) => {
    await interrupted({ stopAt: 6 });
    flip(`${name}.safetensors`);
    const { warnings } = await begin({ resume: true });
    expect(warnings[0]).toContain(`${name}.safetensors.damaged; the run goes on without it`);
    expect(readModel(file(`${name}.safetensors`)).description.epoch).toBe(3);
  });

  test('a finite step that explodes the weights never becomes the last good state', async () => {
    const set = [
      'train.checkpointEvery=1',
      'train.optimizer.lr=1e38',
      'train.schedule={ name: constant, warmupSteps: 0 }',
    ];
    await expect(begin({ set })).rejects.toThrow(NonFiniteError);
    expect(readState(file('state.safetensors')).header.progress.updates).toBe(0);
  });

  test('rollback goes to a state that is good, not to the one that has just been written', async () => {
    const set = ['train.checkpointEvery=1', 'train.onNonFinite=rollback'];
    const { warnings } = await begin({ set, broken: ['0/3'] });
    expect(warnings[0]).toContain('went back to the weights of step 2');
  });

  test('rollback, every other batch not finite: given up after five returns to the one state', async () => {
    const broken = [1, 3, 5, 7, 9, 11, 13].map((i) => `0/${i}`);
    const run = begin({ set: ['train.onNonFinite=rollback'], batches: 20, broken });
    await expect(run).rejects.toThrow(/^step 2 \(epoch 1, batch 12\)[\s\S]*Going back 5 times brought no newer one/);
    await expect(run).rejects.toThrow(NonFiniteError);
    expect(lines('not finite', 'incidents.jsonl')).toHaveLength(6);
    expect(readState(file('state.safetensors')).header.progress.updates).toBe(0);
  });

  test('rollback, with a newer good state each time: the run goes on', async () => {
    const broken = [2, 5, 8, 11, 14, 17].map((i) => `0/${i}`);
    const set = ['train.checkpointEvery=1', 'train.onNonFinite=rollback', 'train.epochs=1'];
    const { warnings } = await begin({ set, batches: 20, broken });
    expect(warnings).toHaveLength(6);
  });

  test('keep: so many checkpoints of past epochs, by name', async () => {
    await begin({ set: ['train.keep=2'] });
    expect(readdirSync(path).filter((name) => name.startsWith('epoch-'))).toEqual([
      'epoch-0002.safetensors',
      'epoch-0003.safetensors',
    ]);
  });

  test('checkpointMinutes: a state inside an epoch once so much time has passed', async () => {
    await expect(begin({ set: ['train.checkpointMinutes=1e-9'], task: (task) => failingAt(task, 3) })).rejects.toThrow(
      'power cut',
    );
    expect(readState(file('state.safetensors')).header.progress.updates).toBe(3);
  });
});

/** A task that ends the process, as it were, with the batch after so many. */
function failingAt(task: ToyTask, batches: number): ToyTask {
  const feed = task.feed.bind(task);
  let fed = 0;
  return Object.assign(task, {
    feed(batch: Parameters<typeof feed>[0]) {
      if (fed++ === batches) throw new Error('power cut');
      return feed(batch);
    },
  });
}

describe('a changed run is noticed', () => {
  const resumed = (set: string[], more: Begun = {}) => begin({ resume: true, set, ...more });
  beforeEach(() => interrupted({ stopAt: 5 }));

  test.each([
    ['train.seed=3', 'train.seed: the run began with 0, now it is 3'],
    ['train.accumulate=2', 'train.accumulate: the run began with 1, now it is 2'],
    ['train.ema=null', 'train.ema: the run began with 0.9, now it is null'],
    ['data.size=192', 'data.size: the run began with 224, now it is 192'],
    ['data.mixup=0.1', 'data.mixup: the run began with'],
  ])('%s: refused', async (set, message) => {
    await expect(resumed([set])).rejects.toThrow(CheckpointError);
    await expect(resumed([set], { acceptChanges: true })).rejects.toThrow(message);
  });

  test('the learning rate: only when it is asked for, and then recorded', async () => {
    const set = ['train.optimizer.lr=0.02'];
    await expect(resumed(set)).rejects.toThrow('To go on with this all the same: --accept-changes.');
    const { warnings } = await resumed(set, { acceptChanges: true });
    expect(warnings).toEqual([
      'the run goes on with what is not as it was:\n  train.optimizer.lr: 0.02 (before: 0.01)',
    ]);
    expect((await loadConfig(file('config.yaml'))).train.optimizer.lr).toBe(0.02);
    const history = readFileSync(file('history.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(history).toMatchObject([
      { from: 'beginning', step: 0, seed: 0, versions: { node: process.version } },
      { from: 'state', step: 5, changes: [{ at: 'train.optimizer.lr', before: '0.01', now: '0.02' }] },
    ]);
  });

  test('workers, log interval, epochs: allowed, listed and recorded', async () => {
    const { warnings } = await resumed(['data.workers=1', 'train.logEvery=3', 'train.epochs=4']);
    expect(warnings).toHaveLength(1);
    for (const key of ['data.workers', 'train.logEvery', 'train.epochs']) expect(warnings[0]).toContain(key);
    expect((await loadConfig(file('config.yaml'))).train.epochs).toBe(4);
  });

  test('another batch size: refused', async () => {
    const four = (task: ToyTask) => Object.assign(task, { batchSize: 4 });
    await expect(resumed(['train.batchSize=4'], { task: four })).rejects.toThrow(
      'pictures of an update (batchSize × accumulate × workers): the run began with 2, now it is 4',
    );
  });

  test('one picture fewer: refused, by the digest of the records', async () => {
    rmSync(path, { recursive: true });
    const withData = (digest: string) => (task: ToyTask) =>
      Object.assign(task, { identity: { ...task.identity, 'training data': digest } });
    await interrupted({ stopAt: 5, task: withData('300 pictures (ab)') });
    await expect(resumed([], { task: withData('299 pictures (cd)') })).rejects.toThrow(
      'training data: the run began with 300 pictures (ab), now it is 299 pictures (cd)',
    );
  });
});

describe('logs', () => {
  test('a run shorter than logEvery has the line of its last step', async () => {
    await begin({ set: ['train.maxSteps=3'] });
    expect(lines('train').map(({ step }) => step)).toEqual([3]);
  });

  test('resumed after a kill: what is learnt again is in the log once, and a torn last line is gone', async () => {
    const set = ['train.logEvery=1', 'train.checkpointEvery=2'];
    await expect(begin({ set, task: (task) => failingAt(task, 3) })).rejects.toThrow('power cut');
    appendFileSync(file('metrics.jsonl'), '{"kind":"train","st');
    await begin({ set, resume: true });
    expect(lines('train').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test('a loss far above the others: the pictures are listed, a person is told', async () => {
    const spiky = (task: ToyTask) => {
      const [feed, loss] = [task.feed.bind(task), task.loss.bind(task)];
      return Object.assign(task, {
        feed(batch: Parameters<typeof feed>[0]) {
          const scale = { data: Float32Array.of(batch.name === '0/25' ? 1000 : 1), shape: [] };
          return { ...feed(batch), scale };
        },
        loss: ({ x, scale }: Record<string, tf.Tensor>, ctx: ForwardContext) => {
          const { near, small } = loss({ x: x! }, ctx);
          return { near: tf.mul<tf.Scalar>(near, scale!), small };
        },
      });
    };
    const { warnings } = await begin({ batches: 30, set: ['train.epochs=1'], task: spiky });
    expect(lines('spike', 'incidents.jsonl')).toMatchObject([{ step: 26, epoch: 1, batch: 26, files: ['0/25'] }]);
    expect(warnings).toEqual([
      expect.stringMatching(/^step 26: a loss of .* is usual\. Its pictures are in incidents\.jsonl/),
    ]);
  });
});

test('a copy of a state in another folder goes on there', async () => {
  await interrupted({ stopAt: 5 });
  const state = file('state.safetensors');
  path = join(temporaryFolder(), 'copy');
  (await RunFolder.create(path, 'toy.yaml', configOf())).close();
  copyFileSync(state, file('state.safetensors'));
  const { steps } = await begin({ resume: true });
  expect(steps[0]!.step).toBe(6);
});
