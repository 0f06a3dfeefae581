import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import { dataTypes } from '../../src/tensorflow/hostTensor.js';
import type { Plan } from '../../src/tensorflow/plan.js';
import { Program } from '../../src/tensorflow/program.js';
import { Variable } from '../../src/tensorflow/variable.js';

const { float32, resource } = dataTypes;
const types = ({ operations }: Plan) => operations.map(({ type }) => type);

describe('Program.plan', () => {
  const program = new Program();
  afterAll(() => program.dispose());
  const weight = new Variable([3], () => {
    throw new Error('no weight is needed for a plan');
  });
  const x = { data: new Float32Array(6), shape: [2, 3] };

  const step = program.compile(({ x }: Record<'x', tf.Tensor>) => {
    tf.square(x); // nobody asks for it
    weight.assign(tf.add(weight.read(), tf.sum(x, 0)));
    return { y: tf.mul(x, weight.read()) };
  });

  test('what a run needs, inputs before their readers; the answer is zeros of the right shape', async () => {
    let answer: unknown;
    const [plan, ...others] = await program.plan(async () => {
      answer = await step({ x });
    });
    expect(others).toEqual([]);
    expect(answer).toEqual({ y: { data: new Float32Array(6), shape: [2, 3] } });
    expect(types(plan!).sort()).toEqual(
      ['Add', 'AssignVariableOp', 'Const', 'Mul', 'Placeholder', 'ReadVariableOp', 'Sum', 'VarHandleOp'].sort(),
    );
    for (const [place, { inputs }] of plan!.operations.entries())
      for (const { from } of inputs) expect(from).toBeLessThan(place);

    const find = (type: string) => plan!.operations.findIndex((operation) => operation.type === type);
    expect(plan!.feeds).toEqual([find('Placeholder')]);
    expect(plan!.fetches).toEqual([{ from: find('Mul'), index: 0 }]);
    expect(plan!.operations[find('Mul')]).toMatchObject({
      inputs: [
        { from: find('Placeholder'), index: 0 },
        { from: find('ReadVariableOp'), index: 0 },
      ],
      outputs: [{ dtype: float32, shape: [2, 3] }],
      types: { T: [float32] },
    });
    expect(plan!.operations[find('VarHandleOp')]!.outputs[0]!.dtype).toBe(resource);
  });

  test('two at a time are refused: each would record the calls of the other', async () => {
    const first = program.plan(() => step({ x }));
    await expect(program.plan(() => step({ x }))).rejects.toThrow('being planned already');
    expect(await first).toHaveLength(1);
  });

  test('an operation that has to wait for another: its place is in `after`, and it reads no more for it', async () => {
    const twice = program.compile(({ x }: Record<'x', tf.Tensor>) => {
      weight.assign(tf.sum(x, 0));
      weight.assign(tf.mul(weight.read(), 2));
      return { y: tf.neg(x) };
    });
    const [plan] = await program.plan(() => twice({ x }));
    const assigned = [...plan!.operations.keys()].filter((i) => plan!.operations[i]!.type === 'AssignVariableOp');
    const [earlier, later] = assigned.map((i) => plan!.operations[i]!);
    expect([earlier!.after, later!.after]).toEqual([[], [assigned[0]]]);
    expect(later!.inputs).toHaveLength(2); // the variable and the value
    expect(plan!.operations.find(({ type }) => type === 'VarHandleOp')!.shape).toEqual([3]);
  });

  test('afterwards calls run again', async () => {
    weight.value = Float32Array.of(1, 2, 3);
    const { y } = await step({ x: { data: Float32Array.of(1, 1, 1, 2, 2, 2), shape: [2, 3] } });
    expect([...y.data]).toEqual([1, 2, 3, 2, 4, 6]);
  });
});
