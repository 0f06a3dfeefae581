import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { RowProgram } from '../../src/tensorflow/rowProgram.js';
import { Variable } from '../../src/tensorflow/variable.js';

const rows = (count: number, width = 2) => ({
  data: Float32Array.from({ length: count * width }, (_, i) => i),
  shape: [count, width],
});

describe('RowProgram', () => {
  const program = new RowProgram({ threads: 2, fuse: false });
  const weight = new Variable([1], () => Float32Array.of(10));
  const traced: number[][] = [];
  const scaled = program.compile(({ x, add }: Record<'x' | 'add', tf.Tensor>) => {
    traced.push(x.shape);
    const y = tf.add(tf.mul(x, weight.read()), add);
    return { y, place: tf.cast(tf.argMax(x, 1), 'int32') };
  });
  const add = (count: number) => ({ data: Int32Array.from({ length: count }, (_, i) => i), shape: [count, 1] });
  const expected = (count: number, factor = 10) => Array.from(rows(count).data, (x, i) => factor * x + (i >> 1));
  beforeAll(() => useEagerBackend());
  afterAll(() => program.dispose());

  test('a batch is divided among the cores, and its rows come back in their order', async () => {
    expect(program.shares).toBe(2);
    const { y, place } = await scaled({ x: rows(6), add: add(6) });
    expect(traced.splice(0)).toEqual([[3, 2]]);
    expect(y.shape).toEqual([6, 2]);
    expect([...y.data]).toEqual(expected(6));
    expect(place).toEqual({ data: Int32Array.of(1, 1, 1, 1, 1, 1), shape: [6] });
  });

  test('a batch that cannot be divided equally is run as a whole', async () => {
    const { y } = await scaled({ x: rows(3), add: add(3) });
    expect(traced.splice(0)).toEqual([[3, 2]]);
    expect([...y.data]).toEqual(expected(3));
    await scaled({ x: rows(1), add: add(1) });
    expect(traced.splice(0)).toEqual([[1, 2]]);
  });

  test('a run on one core takes all rows, and several are under way at once', async () => {
    const runs = await Promise.all([scaled.onShare({ x: rows(2), add: add(2) }), scaled({ x: rows(2), add: add(2) })]);
    for (const { y } of runs) expect([...y.data]).toEqual(expected(2));
    expect(traced.splice(0)).toEqual([
      [2, 2],
      [1, 2],
    ]);
  });

  test('the caller may use its arrays again at once', async () => {
    const x = rows(6);
    const run = scaled({ x, add: add(6) });
    x.data.fill(-1);
    expect([...(await run).y.data]).toEqual(expected(6));
  });

  test('new values of variables reach divided and whole runs', async () => {
    weight.value = Float32Array.of(3);
    await program.push([weight]);
    expect([...(await scaled({ x: rows(6), add: add(6) })).y.data]).toEqual(expected(6, 3));
    expect([...(await scaled({ x: rows(3), add: add(3) })).y.data]).toEqual(expected(3, 3));
  });

  test('plans and recordings are of batches as a whole, also of several runs at once', async () => {
    traced.splice(0);
    const several = () =>
      Promise.all([scaled({ x: rows(6), add: add(6) }), scaled.onShare({ x: rows(8), add: add(8) })]);
    expect(await program.plan(several)).toHaveLength(2);
    await expect(Promise.all([program.plan(several), program.plan(several)])).rejects.toThrow(EngineError);
    expect(traced.splice(0)).toContainEqual([6, 2]);
    const [run] = await program.profile(() => scaled({ x: rows(6), add: add(6) }));
    expect(run!.filter(({ type }) => type === 'Mul')).toHaveLength(1);
    await scaled({ x: rows(10), add: add(10) });
    expect(traced.at(-1)).toEqual([5, 2]);
  });

  test('inputs that do not have as many rows as each other are told of by the network', async () => {
    await expect(scaled({ x: rows(6), add: add(4) })).rejects.toThrow();
  });

  test('no more shares than Node has native calls under way, with the threads of the machine between them', async () => {
    await using large = new RowProgram({ threads: 9 });
    expect(large.shares).toBe(4);
    const same = large.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.neg(x) }));
    expect([...(await same({ x: rows(8) })).y.data]).toEqual(Array.from(rows(8).data, (x) => -x));
  });

  test('one thread: nothing is divided', async () => {
    await using single = new RowProgram({ threads: 1 });
    let shape: number[] = [];
    const same = single.compile(({ x }: Record<'x', tf.Tensor>) => {
      shape = x.shape;
      return { y: tf.neg(x) };
    });
    await same({ x: rows(4) });
    expect(shape).toEqual([4, 2]);
  });

  test('calls after the disposal are refused', async () => {
    const ended = new RowProgram({ threads: 2 });
    const same = ended.compile(({ x }: Record<'x', tf.Tensor>) => ({ y: tf.neg(x) }));
    await same({ x: rows(4) });
    await Promise.all([ended.dispose(), ended.dispose()]);
    await expect(same({ x: rows(4) })).rejects.toThrow(EngineError);
    await expect(same.onShare({ x: rows(4) })).rejects.toThrow(EngineError);
  });
});
