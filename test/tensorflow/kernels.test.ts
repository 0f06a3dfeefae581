import { describe, expect, test } from 'vitest';
import { gpuKernelLines, gpuKernelsVersion } from '../../src/tensorflow/gpuKernels.js';
import { tensorflowVersion } from '../../src/tensorflow/install/wheels.js';
import { fits, parseKernel, registeredKernels, writeKernel } from '../../src/tensorflow/kernels.js';

describe('the registry of the library that is loaded', () => {
  const kernels = registeredKernels();

  test('Sum takes 32-bit floats and indices on the CPU, and no strings', () => {
    const sums = kernels.filter(({ op, device }) => op === 'Sum' && device === 'CPU');
    const takes = (type: number) => sums.some((kernel) => fits(kernel, { T: [type], Tidx: [3] }));
    expect([1, 3, 7].map(takes)).toEqual([true, true, false]);
  });
});

describe('kernels as lines', () => {
  test.each(['GPU', 'GPU T=float,half', 'DEFAULT T=int32 Tidx=int32,int64 host:input,output'])(
    '%s: there and back',
    (line) => {
      expect(writeKernel(parseKernel('Sum', line))).toBe(line);
    },
  );

  test('types that are not written are left out; a kernel for nothing else is no line', () => {
    const kernel = { device: 'GPU', hostArguments: [] };
    expect(writeKernel({ ...kernel, types: { T: [1, 18] } })).toBe('GPU T=float'); // 18: complex128
    expect(writeKernel({ ...kernel, types: { T: [18] } })).toBeUndefined();
  });

  test('a list of types fits when each does, and an empty one always', () => {
    const kernel = parseKernel('PartitionedCall', 'XLA_GPU_JIT Tin=float,int32');
    expect([{ Tin: [1, 3] }, { Tin: [1, 7] }, { Tin: [] }, {}].map((types) => fits(kernel, types))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});

test('the written kernels are of the version that is set up: run tools/gpu/kernels.ts after a change of it', () => {
  expect(gpuKernelsVersion).toBe(tensorflowVersion);
  expect(gpuKernelLines.Conv2D).toContainEqual(expect.stringMatching(/^GPU T=.*\bhalf\b/));
  for (const [op, lines] of Object.entries(gpuKernelLines))
    for (const line of lines) expect(writeKernel(parseKernel(op, line))).toBe(line);
});
