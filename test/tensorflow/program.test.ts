import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { rawOp, useEagerBackend } from '../../src/tensorflow/backend.js';
import { Generation } from '../../src/tensorflow/generation.js';
import { Program } from '../../src/tensorflow/program.js';
import { Session } from '../../src/tensorflow/session.js';
import { activeTrace } from '../../src/tensorflow/trace.js';
import { Variable } from '../../src/tensorflow/variable.js';
import { leftOver } from '../support/leftOver.js';

const vector = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });
const numbers = (tensor: { data: ArrayLike<unknown> }) => Array.from(tensor.data, Number);

describe('Program', () => {
  const program = new Program();
  beforeAll(() => useEagerBackend());
  afterAll(() => program.dispose());

  test('a function is traced once for each set of shapes', async () => {
    let traces = 0;
    const double = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      traces++;
      return { y: tf.mul(x, 2) };
    });
    expect(numbers((await double({ x: vector(1, 2) })).y)).toEqual([2, 4]);
    expect(numbers((await double({ x: vector(3, 4) })).y)).toEqual([6, 8]);
    expect(traces).toBe(1);
    expect((await double({ x: vector(1, 2, 3) })).y.shape).toEqual([3]);
    expect(traces).toBe(2);
  });

  test('8-bit input arrives as float32', async () => {
    const half = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.div(x, 2) }));
    expect(numbers((await half({ x: { data: Uint8Array.of(255, 1), shape: [2] } })).y)).toEqual([127.5, 0.5]);
  });

  test('variables keep their values between runs, and come to the host and go back', async () => {
    const counter = new Variable([1], () => Float32Array.of(10));
    const unset = new Variable([2]);
    const count = program.compile(() => {
      counter.assign(tf.add(counter.read(), 1));
      return { before: counter.read(), zero: unset.read() };
    });
    expect(numbers((await count({})).before)).toEqual([10]);
    const second = await count({});
    expect(numbers(second.before)).toEqual([11]);
    expect(numbers(second.zero)).toEqual([0, 0]);
    await program.pull([counter]);
    expect([...counter.value]).toEqual([12]);
    counter.value = Float32Array.of(-1);
    await program.push([counter]);
    expect(numbers((await count({})).before)).toEqual([-1]);
  });

  test('updates under a condition: all of them, or none; what comes after an update sees it', async () => {
    const a = new Variable([1], () => Float32Array.of(1));
    const b = new Variable([1], () => Float32Array.of(5));
    const follower = new Variable([1]);
    const step = program.compile(({ go }: Record<'go', tf.Tensor>) => {
      const trace = activeTrace();
      trace.onlyIf(tf.greater(tf.reshape(go, []), 0));
      a.assign(tf.add(a.read(), 1));
      trace.subtract(b, tf.ones([1]));
      trace.afterUpdates(() => follower.assign(tf.add(a.read(), b.read())));
      return { old: a.read() };
    });
    const state = async () => {
      await program.pull([a, b, follower]);
      return [a, b, follower].map(({ value }) => value[0]);
    };
    await step({ go: vector(1) });
    expect(await state()).toEqual([2, 4, 6]);
    await step({ go: vector(0) });
    expect(await state()).toEqual([2, 4, 6]);
    await step({ go: vector(1) });
    expect(await state()).toEqual([3, 3, 6]);
  });

  test('two updates of one variable happen in the order of their plans', async () => {
    const x = new Variable([1], () => Float32Array.of(1));
    const step = program.compile(() => {
      activeTrace().subtract(x, tf.tensor1d([0.5]));
      x.assign(tf.tensor1d([7]));
      return { old: x.read() };
    });
    await step({});
    await program.pull([x]);
    expect([...x.value]).toEqual([7]);
  });

  test('a run that begins beside a push waits for it', async () => {
    await using fresh = new Program();
    const weight = new Variable([1], () => Float32Array.of(2));
    const scaled = fresh.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.mul(x, weight.read()) }));
    const run = scaled({ x: vector(3) });
    const pushed = fresh.push([weight]);
    expect(numbers((await run).y)).toEqual([6]);
    await pushed;
  });

  test('several runs at a time', async () => {
    const square = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.square(x) }));
    await square({ x: vector(0) });
    const results = await Promise.all([1, 2, 3, 4].map((n) => square({ x: vector(n) })));
    expect(results.map(({ y }) => y.data[0])).toEqual([1, 4, 9, 16]);
  });

  test('an input array may be written to as soon as the call has returned its promise', async () => {
    const identity = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.add(x, 0) }));
    const x = vector(1, 2);
    const result = identity({ x });
    x.data.fill(9);
    expect(numbers((await result).y)).toEqual([1, 2]);
  });

  test('no tensor is left over, by runs or by traces', async () => {
    const f = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.sum(tf.relu(tf.sub(x, 1))) }));
    const before = tf.memory().numTensors;
    for (let n = 1; n < 6; n++) await f({ x: vector(...Array<number>(n).fill(2)) });
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('errors', () => {
    const failing = (fn: (x: tf.Tensor) => tf.Tensor) =>
      program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: fn(x) }))({ x: vector(1, 2) });

    test('an operation that TensorFlow refuses is named with its shapes, traced', async () => {
      const error = await failing((x) => rawOp('MatMul', [tf.reshape(x, [1, 2]), tf.ones([3, 2])])).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(EngineError);
      expect(error).toMatchObject({
        op: 'MatMul',
        shapes: [
          [1, 2],
          [3, 2],
        ],
      });
      expect((error as Error).message).toContain('MatMul([1, 2], [3, 2])');
    });

    test('and eagerly', () => {
      const call = () => tf.tidy(() => rawOp('MatMul', [tf.ones([1, 2]), tf.ones([3, 2])]));
      expect(call).toThrow('MatMul([1, 2], [3, 2])');
    });

    test('asking for a value while tracing', async () => {
      await expect(failing((x) => (x.dataSync()[0]! > 0 ? x : tf.neg(x)))).rejects.toThrow(
        'while tracing there are only shapes',
      );
    });

    test('an eager tensor in a traced function', async () => {
      const outside = tf.ones([2]);
      await expect(failing((x) => tf.add(x, rawOp('Neg', [outside])))).resolves.toBeDefined(); // moved in as a constant by tfjs
      outside.dispose();
    });

    test('after a failed trace the program goes on', async () => {
      await expect(failing((x) => rawOp('NoSuchOperation', [x]))).rejects.toThrow(EngineError);
      const ok = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.add(x, 1) }));
      expect(numbers((await ok({ x: vector(1) })).y)).toEqual([2]);
    });

    test('numbers that do not fill their shape', async () => {
      const f = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: x }));
      await expect(f({ x: { data: Float32Array.of(1), shape: [2] } })).rejects.toThrow(
        '1 numbers do not fill the shape [2]',
      );
    });

    test.each([
      ['a shape with negative sides', { data: Float32Array.of(1), shape: [-1, -1] }, 'found [-1, -1]'],
      ['a shape with a fraction', { data: Float32Array.of(1), shape: [0.5, 2] }, 'found [0.5, 2]'],
      ['no shape', { data: Float32Array.of(1) }, 'found undefined'],
      ['an array of numbers', { data: [1], shape: [1] }, 'found Array'],
      ['16-bit numbers', { data: Uint16Array.of(1), shape: [1] }, 'found Uint16Array'],
      ['nothing', undefined, 'found undefined'],
    ])('%s', async (_, tensor, message) => {
      const f = program.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: x }));
      const call = f({ x: tensor as never });
      await expect(call).rejects.toThrow(EngineError);
      await expect(call).rejects.toThrow(message);
    });

    test('use after disposal', async () => {
      const other = new Program();
      const f = other.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.add(x, 1) }));
      await f({ x: vector(1) });
      await other.dispose();
      await expect(f({ x: vector(1) })).rejects.toThrow('used after its disposal');
    });
  });

  test('calls side by side wait for the first one to fill the session', async () => {
    const fresh = new Program();
    const weight = new Variable([1000, 1000], () => new Float32Array(1e6).fill(2));
    const scaled = fresh.compile(({ x }: Record<'x', tf.Tensor>) => ({
      y: tf.mul(
        x,
        activeTrace().prepared(weight, () => tf.sum(weight.read())),
      ),
    }));
    const x = { data: Float32Array.of(1), shape: [1] };
    const results = await Promise.all([scaled({ x }), scaled({ x }), scaled({ x })]);
    expect(results.map(({ y }) => y.data[0])).toEqual([2e6, 2e6, 2e6]);
    await fresh.dispose();
  });

  describe('where a run of the session fails', () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });

    /** Of the runs from now on, this one fails. */
    const failing = (nth: number) => {
      const run = Session.prototype.run;
      let runs = 0;
      vi.spyOn(Session.prototype, 'run').mockImplementation(function (this: Session, ...args) {
        return ++runs === nth ? Promise.reject(new EngineError('no memory')) : run.apply(this, args);
      });
    };
    const scaledBySquare = (owner: Program, weight: Variable) =>
      owner.compile(({ x }: Record<'x', tf.Tensor>) => ({
        y: tf.add(
          tf.mul(
            x,
            activeTrace().prepared(weight, () => tf.square(weight.read())),
          ),
          weight.read(),
        ),
      }));

    test.each([
      [1, 'bringing variables'],
      [2, 'preparing values'],
    ])('run %i, %s: the call fails, and the next one does it again', async (nth) => {
      await using fresh = new Program();
      const scaled = scaledBySquare(fresh, new Variable([1], () => Float32Array.of(3)));
      failing(nth);
      await expect(scaled({ x: vector(1) })).rejects.toThrow('no memory');
      expect(numbers((await scaled({ x: vector(1) })).y)).toEqual([12]);
    });

    test.each([1, 2])('run %i, with calls side by side: none of them runs without the values', async (nth) => {
      await using fresh = new Program();
      const scaled = scaledBySquare(fresh, new Variable([1], () => Float32Array.of(3)));
      failing(nth);
      for (const call of await Promise.allSettled([1, 2, 3].map((n) => scaled({ x: vector(n) }))))
        expect(call).toMatchObject({ status: 'rejected', reason: { message: 'no memory' } });
      const results = await Promise.all([1, 2, 3].map((n) => scaled({ x: vector(n) })));
      expect(results.map(({ y }) => y.data[0])).toEqual([12, 21, 30]);
    });

    test('a push: what was to be pushed comes with the next run', async () => {
      await using fresh = new Program();
      const weight = new Variable([1], () => Float32Array.of(3));
      const scaled = scaledBySquare(fresh, weight);
      await scaled({ x: vector(1) });
      weight.value = Float32Array.of(10);
      failing(1);
      const push = fresh.push([weight]);
      const beside = scaled({ x: vector(1) });
      await expect(push).rejects.toThrow('no memory');
      expect(numbers((await beside).y)).toEqual([110]);
      expect(numbers((await scaled({ x: vector(2) })).y)).toEqual([210]);
    });

    test('where the traces cannot be given up for another one, the inputs are freed', async () => {
      await using small = new Program({ maxTraces: 1 });
      const double = small.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.mul(x, 2) }));
      await double({ x: vector(1) });
      vi.spyOn(Generation.prototype, 'pull').mockRejectedValueOnce(new EngineError('no memory'));
      const { tensors } = await leftOver(() => expect(double({ x: vector(1, 2) })).rejects.toThrow('no memory'));
      expect(tensors).toBe(0);
      expect(numbers((await double({ x: vector(1, 2) })).y)).toEqual([2, 4]);
    });
  });

  describe('with a limit of two traces', () => {
    test('each further shape gives up the traces before it; those still in use are made again', async () => {
      await using small = new Program({ maxTraces: 2 });
      const traced: number[] = [];
      const double = small.compile(({ x }: Record<'x', tf.Tensor>) => {
        traced.push(x.size);
        return { y: tf.mul(x, 2) };
      });
      for (const length of [1, 2, 1, 2, 3, 1, 3, 2])
        expect(numbers((await double({ x: vector(...Array<number>(length).fill(4)) })).y)).toEqual(
          Array<number>(length).fill(8),
        );
      expect(traced).toEqual([1, 2, 3, 1, 2]);
    });

    test('variables keep the values that runs gave them, prepared values are there again', async () => {
      await using small = new Program({ maxTraces: 2 });
      const sum = new Variable([], () => Float32Array.of(100));
      const fixed = new Variable([1], () => Float32Array.of(3));
      const add = small.compile(({ x }: Record<'x', tf.Tensor>) => {
        const after = tf.add(sum.read(), tf.sum(x));
        sum.assign(after);
        const square = activeTrace().prepared(fixed, () => tf.square(fixed.read()));
        return { after, square };
      });
      const after: number[] = [];
      for (const length of [1, 2, 3, 4, 5, 1]) {
        const results = await add({ x: vector(...Array<number>(length).fill(1)) });
        after.push(Number(results.after.data[0]));
        expect(numbers(results.square)).toEqual([9]);
      }
      expect(after).toEqual([101, 103, 106, 110, 115, 116]);
      await small.pull([sum]);
      expect([...sum.value]).toEqual([116]);
    });

    test('calls of ten shapes side by side', async () => {
      await using small = new Program({ maxTraces: 2 });
      const total = small.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.sum(x) }));
      const lengths = Array.from({ length: 30 }, (_, i) => 1 + (i % 10));
      const results = await Promise.all(
        lengths.map((length) => total({ x: vector(...Array<number>(length).fill(1)) })),
      );
      expect(results.map(({ y }) => y.data[0])).toEqual(lengths);
    });

    test('a profile goes on over what was given up', async () => {
      await using small = new Program({ maxTraces: 2 });
      const double = small.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.mul(x, 2) }));
      const runs = await small.profile(async () => {
        for (const length of [1, 2, 3, 4, 5]) await double({ x: vector(...Array<number>(length).fill(1)) });
      });
      expect(runs.length).toBe(5);
    });
  });

  test('prepared values are computed once after each push, and not in every run', async () => {
    const weight = new Variable([2], () => Float32Array.of(2, 3));
    const scaled = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
      y: tf.mul(
        x,
        activeTrace().prepared(weight, () => tf.square(weight.read())),
      ),
    }));
    const run = async () =>
      Array.from((await scaled({ x: { data: Float32Array.of(1, 10), shape: [2] } })).y.data, Number);
    expect(await run()).toEqual([4, 90]);
    const [operations] = await program.profile(run);
    expect(operations!.filter(({ type }) => type === 'Square')).toEqual([]);
    weight.value = Float32Array.of(5, 6);
    await program.push([weight]);
    expect(await run()).toEqual([25, 360]);
  });
});
