import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { CheckpointError, InterruptedError, NonFiniteError, UsageError } from '../../src/errors.js';
import { readDescription, readModel } from '../../src/models/checkpoints/modelFile.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { RunFolder } from '../../src/train/runFolder.js';
import type { StepEvent, TrainObserver } from '../../src/train/task.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { type ToyOptions, ToyTask, toyConfig } from '../support/toyTask.js';

interface Heard extends TrainObserver {
  readonly steps: StepEvent[];
  readonly warnings: string[];
  readonly prepared: [shape: number, of: number][];
}

function observer(): Heard {
  const steps: StepEvent[] = [];
  const warnings: string[] = [];
  const prepared: [number, number][] = [];
  return {
    steps,
    prepared,
    warnings,
    onStep: (event) => steps.push(event),
    onPreparing: (shape, of) => prepared.push([shape, of]),
    onEvaluating() {},
    onEvaluated() {},
    onWarning: (message) => warnings.push(message),
  };
}

/** The training lines of metrics.jsonl. */
const logged = (run: RunFolder): Record<string, number>[] =>
  readFileSync(join(run.path, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'train');

describe('train', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });

  const begin = async (
    name: string,
    sets: string[] = [],
    toy: ToyOptions = {},
    resume = false,
    signal?: AbortSignal,
    acceptChanges = false,
  ) => {
    const config = parseConfig(toyConfig, 'test', sets);
    const path = join(folder, name);
    const run = resume ? RunFolder.open(path, 'toy.yaml') : await RunFolder.create(path, 'toy.yaml', config);
    const task = new ToyTask(toy);
    const heard = observer();
    try {
      const metrics = await runEpochs(task, {
        config,
        run,
        resume,
        acceptChanges,
        observer: heard,
        ...(signal ? { signal } : {}),
      });
      return { metrics, run, task, heard };
    } finally {
      run.close();
    }
  };

  test('three epochs: every batch once, all measured, checkpoints and log', async () => {
    const { metrics, run, task, heard } = await begin('whole', ['train.logEvery=1']);
    expect(task.seen).toEqual(['0/0', '0/1', '0/2', '0/3', '1/0', '1/1', '1/2', '1/3', '2/0', '2/1', '2/2', '2/3']);
    expect(metrics).toEqual({ score: 3 });
    expect(heard.steps.at(-1)).toMatchObject({ step: 12, steps: 12, epochs: 3 });
    expect(heard.steps.at(-1)!.loss).toBeLessThan(heard.steps[0]!.loss);
    expect(readDescription(run.last)).toMatchObject({ epoch: 3, step: 12, metrics: { score: 3 } });
    const lines = readFileSync(join(run.path, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ kind }) => kind === 'train')).toHaveLength(12);
    expect(lines[0]).toMatchObject({ kind: 'train', step: 1, epoch: 0 });
    expect(lines.at(-1)).toMatchObject({ kind: 'val', step: 12, score: 3 });
  });

  test('a run in two parts is the run in one: losses, rates, batches and weights', async () => {
    const sets = ['train.ema=0.9', 'train.clipNorm=0.5'];
    const whole = await begin('one', sets);
    const first = await begin('two', [...sets, 'train.maxSteps=6']);
    const second = await begin('two', sets, {}, true);
    const losses = (heard: Heard) => heard.steps.map(({ loss, learningRate }) => [loss, learningRate]);
    const joined = [...losses(first.heard), ...losses(second.heard)];
    for (const [i, [loss, rate]] of losses(whole.heard).entries()) {
      expect(Math.abs(joined[i]![0]! - loss!)).toBeLessThan(1e-5);
      expect(joined[i]![1]).toBe(rate);
    }
    expect(second.task.seen).toEqual(['1/2', '1/3', '2/0', '2/1', '2/2', '2/3']);
    const weights = (path: string) =>
      [...readModel(path).tensors].map(([name, { data }]) => [name, [...(data as Float32Array)]]);
    expect(weights(second.run.last)).toEqual(weights(whole.run.last));
  });

  test('epochs of 2, 5 and 3 batches: milestones at the first step of epochs 1 and 2, also after one that is left out', async () => {
    const schedule = 'train.schedule={ name: step, milestones: [1, 2], factor: 0.1, warmupSteps: 0 }';
    const toy = { batches: [2, 5, 3], broken: ['0/1'] };
    const { heard } = await begin('uneven', [schedule, 'train.onNonFinite=skip'], toy);
    const rates = heard.steps.map(({ epoch, learningRate }) => [epoch, Number(learningRate.toFixed(9))]);
    const [e0, e1, e2] = [
      [0, 0.01],
      [1, 0.001],
      [2, 0.0001],
    ];
    expect(rates).toEqual([e0, e1, e1, e1, e1, e1, e2, e2, e2]);
    expect(heard.steps[0]).toMatchObject({ steps: 10 });
  });

  test('epochs null: time ends the run, the rate has come down by then, and no number of epochs or steps is claimed', async () => {
    const { heard } = await begin('timed', ['train.epochs=null', 'train.maxMinutes=0.05', 'train.evaluateEvery=1000']);
    const last = heard.steps.at(-1)!;
    expect(Math.max(...heard.steps.map(({ learningRate }) => learningRate))).toBeGreaterThan(0.002);
    expect(last.learningRate).toBeLessThan(0.001);
    expect(last).toMatchObject({ epochs: null, steps: null });
    expect(last.secondsLeft).toBeLessThan(1);
  });

  test('three epochs for which there is no time: the rate comes down all the same', async () => {
    const sets = ['train.epochs=30000', 'train.maxMinutes=0.05', 'train.evaluateEvery=1000'];
    const { heard } = await begin('short', sets);
    expect(heard.steps.at(-1)!.learningRate).toBeLessThan(0.001);
  });

  test.each([
    [
      'train.maxMinutes=0.0001',
      'the 0.0001 minutes of train.maxMinutes, which count for all parts of the run together, are over',
    ],
    ['train.maxSteps=2', 'all 2 steps of train.maxSteps are done'],
    ['train.epochs=1', 'all 1 epochs are done; more are set by train.epochs'],
  ])('resumed with nothing left to do (%s): it says why', async (limit, why) => {
    const sets = [limit, 'train.schedule.warmupSteps=1'];
    await begin('over', sets);
    const { heard } = await begin('over', sets, {}, true);
    expect(heard.steps).toEqual([]);
    expect(heard.warnings).toContain(`there is nothing left to do: ${why}`);
  });

  test('the first batch of a shape is told before its step', async () => {
    const { heard } = await begin('shapes');
    expect(heard.prepared).toEqual([[1, 1]]);
  });

  test('accumulate: two batches an update, and the mean of their gradients', async () => {
    const { heard } = await begin('accumulated', ['train.accumulate=2']);
    expect(heard.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('accumulate: a group that was not finite at its end leaves nothing for the next', async () => {
    const sets = ['train.accumulate=2', 'train.onNonFinite=skip'];
    const half = await begin('half', sets, { broken: ['0/1'] });
    const none = await begin('none', sets, { broken: ['0/0', '0/1'] });
    const firstUpdate = ({ heard }: { heard: Heard }) => heard.steps.find(({ step }) => step === 1)!.gradientNorm;
    expect(firstUpdate(half)).toBeCloseTo(firstUpdate(none), 6);
  });

  test('a checkpoint names only what was measured of its own weights', async () => {
    const { run } = await begin('seldom', ['train.evaluateEvery=2', 'train.maxSteps=8']);
    expect(readDescription(run.last)).toMatchObject({ epoch: 2, metrics: { score: 1 } });
    const stopped = new AbortController();
    const sets = ['train.evaluateEvery=2'];
    const config = parseConfig(toyConfig, 'test', sets);
    const folderOfStopped = await RunFolder.create(join(folder, 'stopped'), 'toy.yaml', config);
    const heard = { ...observer(), onStep: ({ step }: StepEvent) => step === 9 && stopped.abort() };
    const stopping = runEpochs(new ToyTask(), {
      config,
      run: folderOfStopped,
      resume: false,
      observer: heard,
      signal: stopped.signal,
    });
    await expect(stopping).rejects.toThrow(InterruptedError);
    folderOfStopped.close();
    expect(readDescription(folderOfStopped.last)).toMatchObject({ step: 9, metrics: {} });
    expect(readDescription(folderOfStopped.last).metrics).toEqual({});
  });

  test('sgd with Nesterov momentum learns', async () => {
    const sets = ['train.optimizer={name: sgd, lr: 0.05, baseBatch: null, nesterov: true}'];
    const { heard } = await begin('sgd', sets);
    expect(heard.steps.at(-1)!.loss).toBeLessThan(heard.steps[0]!.loss);
  });

  test('the best checkpoint is the best one, not the last', async () => {
    const { run } = await begin('best', [], { metrics: [0.1, 0.7, 0.3] });
    expect(readDescription(run.best)).toMatchObject({ epoch: 2, metrics: { score: 0.7 } });
    expect(readDescription(run.last)).toMatchObject({ epoch: 3, metrics: { score: 0.3 } });
  });

  test('not finite, stop: step, rate, loss parts and files; the last good state stays', async () => {
    const error = await begin('stop', [], { broken: ['1/1'] }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as NonFiniteError).exitCode).toBe(3);
    const message = (error as Error).message.replaceAll(folder, '');
    expect(message).toMatchInlineSnapshot(`
      "step 6 (epoch 2, batch 2), learning rate 0.00883: the loss is NaN (near NaN, small NaN)
        pictures: 1/1
        The last good state is in /stop/state.safetensors. Usual reasons: a learning rate too high for the batch size, no warm-up, broken boxes. train.onNonFinite = skip leaves such steps out."
    `);
    const { description, tensors } = readModel(join(folder, 'stop', 'last.safetensors'));
    expect(description.epoch).toBe(1);
    for (const { data } of tensors.values()) expect((data as Float32Array).every(Number.isFinite)).toBe(true);
  });

  test('not finite, skip: neither weights nor statistics change in that step, and the run goes on', async () => {
    const { heard, run } = await begin('skip', ['train.onNonFinite=skip'], { broken: ['0/1', '1/1'] });
    expect(heard.warnings).toHaveLength(2);
    expect(heard.steps).toHaveLength(10);
    for (const { data } of readModel(run.last).tensors.values())
      expect((data as Float32Array).every(Number.isFinite)).toBe(true);
    expect(readFileSync(join(run.path, 'incidents.jsonl'), 'utf8')).toContain('1/1');
  });

  test('not finite, rollback: back to the last checkpoint, on with the next batch', async () => {
    const { heard, task } = await begin('rollback', ['train.onNonFinite=rollback'], { broken: ['1/2'] });
    expect(heard.warnings[0]).toContain('went back to the weights of step 4');
    expect(task.seen).toHaveLength(12);
    expect(heard.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 5, 6, 7, 8, 9]);
  });

  const float16 = 'engine.mixedPrecision=float16';

  test('float16: a step that is not finite halves the loss scale and is counted, whatever onNonFinite says', async () => {
    const { heard, run } = await begin('float16', [float16, 'train.logEvery=1'], { broken: ['0/1', '1/1'] });
    expect(heard.warnings).toEqual([]);
    expect(existsSync(join(run.path, 'incidents.jsonl'))).toBe(false);
    const scales = logged(run).map(({ lossScale, overflows }) => [lossScale, overflows]);
    expect(scales.slice(0, 5)).toEqual([...Array(1).fill([65536, 0]), ...Array(3).fill([32768, 1]), [16384, 2]]);
  });

  test('float16: at a scale of 1 the watchdog hears of it', async () => {
    const broken = Array.from({ length: 40 }, (_, i) => `0/${i}`);
    const error = await begin('float16Broken', [float16], { batches: 40, broken }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(/^step 1 \(epoch 1, batch 17\), .*, loss scale 1: the loss is NaN/); // 2^16 → 1
  });

  test('float16: a run in two parts is the run in one, its loss scale included', async () => {
    const sets = [float16, 'train.logEvery=1'];
    const toy = { broken: ['0/1', '1/0', '2/1'] };
    const whole = await begin('float16One', sets, toy);
    await begin('float16Two', [...sets, 'train.maxSteps=5'], toy);
    const { run } = await begin('float16Two', sets, toy, true);
    const numbers = (of: RunFolder) =>
      logged(of).map(({ step, loss, lossScale, overflows }) => [step, loss, lossScale, overflows]);
    expect(numbers(run)).toEqual(numbers(whole.run));
    expect(numbers(run).at(-1)!.slice(2)).toEqual([8192, 3]);
  });

  test('float16: a run that began without loss scaling goes on with it', async () => {
    await begin('later', ['train.maxSteps=5']);
    const { run } = await begin('later', [float16, 'train.logEvery=1'], {}, true, undefined, true);
    expect(logged(run).at(-1)).toMatchObject({ step: 12, lossScale: 65536, overflows: 0 });
  });

  test('a signal saves and says how to go on', async () => {
    const controller = new AbortController();
    controller.abort();
    const error = await begin('signal', [], {}, false, controller.signal).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as InterruptedError).exitCode).toBe(130);
    const { task } = await begin('signal', [], {}, true);
    expect(task.seen[0]).toBe('0/1');
  });

  test('a folder that holds a run is not overwritten; one that holds none cannot be resumed', async () => {
    await begin('kept', ['train.epochs=1', 'train.schedule.warmupSteps=1']);
    await expect(begin('kept')).rejects.toThrow(UsageError);
    await expect(begin('nothing', [], {}, true)).rejects.toThrow(UsageError);
    expect(existsSync(join(folder, 'nothing'))).toBe(false);
  });

  test('a resumed run must be of the same kind', async () => {
    await begin('kind', ['train.maxSteps=2']);
    await expect(begin('kind', ['train.ema=0.9'], {}, true)).rejects.toThrow(CheckpointError);
    await expect(begin('kind', ['train.ema=0.9'], {}, true)).rejects.toThrow(
      'train.ema: the run began with null, now it is 0.9',
    );
  });
});
