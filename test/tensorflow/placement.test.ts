import { describe, expect, test } from 'vitest';
import { dataTypes } from '../../src/tensorflow/hostTensor.js';
import { parseKernel } from '../../src/tensorflow/kernels.js';
import { byteSize, placeOnGpu } from '../../src/tensorflow/placement.js';
import type { Plan, PlannedOperation } from '../../src/tensorflow/plan.js';

const { float32, int32, resource, bool } = dataTypes;

/** An operation with one output. `inputs` are places of operations, whose first output it takes. */
function operation(
  type: string,
  inputs: readonly number[],
  dtype: number,
  types: Record<string, readonly number[]> = { T: [dtype] },
  shape: readonly number[] = [4],
): PlannedOperation {
  return {
    name: type,
    type,
    inputs: inputs.map((from) => ({ from, index: 0 })),
    after: [],
    outputs: [{ dtype, shape }],
    types,
    counts: {},
  };
}

const kernelLines: Readonly<Record<string, readonly string[]>> = {
  Relu: ['GPU T=float', 'XLA_GPU_JIT T=float,half'],
  Neg: ['GPU T=float', 'DEFAULT T=int32 host:x,y', 'XLA_GPU_JIT T=float,int32'],
  Cast: ['GPU', 'XLA_GPU_JIT'],
  Switch: ['GPU host:pred'],
  Greater: ['GPU T=float'],
  VarHandleOp: ['DEFAULT host:resource'],
  ReadVariableOp: ['DEFAULT host:resource'],
  ResourceApplyAdam: ['GPU'],
  Const: ['GPU'],
};
const place = (plan: Plan) => placeOnGpu(plan, (op) => (kernelLines[op] ?? []).map((line) => parseKernel(op, line)));
const places = (plan: Plan) => place(plan).operations.map(({ operation: { type }, place }) => `${type} ${place}`);

describe('where operations go', () => {
  test('a kernel for the type: GPU; one that wants everything on the host: host; none: CPU', () => {
    const operations = [
      operation('Placeholder', [], float32),
      operation('Relu', [0], float32),
      operation('Placeholder', [], int32),
      operation('Neg', [2], int32),
      operation('Relu', [3], int32),
    ];
    const plan = { operations, feeds: [0, 2], fetches: [] };
    expect(places(plan)).toEqual(['Relu GPU', 'Neg host', 'Relu CPU']);
    expect(place(plan).operations.map(({ xla }) => xla)).toEqual([true, true, false]);
  });

  test('one operation on a variable has no kernel: all of that variable stay on the CPU, those of another do not', () => {
    const types = { dtype: [float32] };
    const operations = [
      operation('VarHandleOp', [], resource, types),
      operation('ReadVariableOp', [0], float32, types),
      operation('ResourceApplyOdd', [0], float32, types),
      operation('VarHandleOp', [], resource, types),
      operation('ReadVariableOp', [3], float32, types),
    ];
    expect(places({ operations, feeds: [], fetches: [] })).toEqual([
      'VarHandleOp CPU',
      'ReadVariableOp CPU',
      'ResourceApplyOdd CPU',
      'VarHandleOp GPU',
      'ReadVariableOp GPU',
    ]);
  });

  test('constants, and what is computed from them alone, are there before the first run; random numbers are not', () => {
    const operations = [
      operation('Const', [], float32),
      operation('Relu', [0], float32),
      operation('RandomUniform', [0], float32),
      operation('Relu', [2], float32),
      operation('Relu', [0], float32, { T: [float32] }, [25_601]), // 4 bytes more than 100 KiB
    ];
    expect(places({ operations, feeds: [], fetches: [] })).toEqual(['RandomUniform CPU', 'Relu GPU', 'Relu GPU']);
  });
});

describe('what is copied', () => {
  test('an input that two read on the card: once; an integer that goes back for arithmetic, and returns', () => {
    const cast = (from: number, to: number) => ({ SrcT: [from], DstT: [to] });
    const operations = [
      operation('Placeholder', [], float32), // 0
      operation('Relu', [0], float32),
      operation('Neg', [0], float32),
      operation('Cast', [1], int32, cast(float32, int32)), // 3
      operation('Neg', [3], int32),
      operation('Cast', [4], float32, cast(int32, float32)), // 5
    ];
    const plan = { operations, feeds: [0], fetches: [{ from: 5, index: 0 }] };
    expect(place(plan).copies).toEqual([
      { to: 'card', producer: 'input', consumers: ['Relu', 'Neg'], dtype: float32, bytes: 16 },
      { to: 'host', producer: 'Cast', consumers: ['Neg'], dtype: int32, bytes: 16 },
      { to: 'card', producer: 'Neg', consumers: ['Cast'], dtype: int32, bytes: 16 },
      { to: 'host', producer: 'Cast', consumers: ['result'], dtype: float32, bytes: 16 },
    ]);
  });

  test('the condition of a switch comes to the host; the handle of a variable never leaves it', () => {
    const operations = [
      operation('VarHandleOp', [], resource, { dtype: [float32] }),
      operation('ReadVariableOp', [0], float32, { dtype: [float32] }),
      operation('Greater', [1, 1], bool, { T: [float32] }, []),
      operation('Switch', [1, 2], float32),
    ];
    expect(place({ operations, feeds: [], fetches: [] }).copies).toEqual([
      { to: 'host', producer: 'Greater', consumers: ['Switch'], dtype: bool, bytes: 1 },
    ]);
  });
});

test('bytes of a value', () => {
  expect(byteSize({ dtype: float32, shape: [2, 3] })).toBe(24);
  expect(byteSize({ dtype: bool, shape: [] })).toBe(1);
  expect(byteSize({ dtype: resource, shape: [] })).toBe(0);
  expect(byteSize({ dtype: float32, shape: undefined })).toBeNaN();
});
