import { describe, expect, it } from 'vitest';
import { engineAdvice, type Machine } from '../../src/cli/engineAdvice.js';
import { Engine } from '../../src/config/schema.js';

const plain: Machine = { hasGpu: false, cores: 8, cpu: { bfloat16: false, float16: false } };
const gpu: Machine = { ...plain, hasGpu: true };
const shortFloats: Machine = { ...plain, cpu: { bfloat16: true, float16: true } };
const unknown: Machine = { ...plain, cpu: null };

describe('engineAdvice', () => {
  it.each([plain, gpu, shortFloats, unknown])('the defaults suit every machine: %j', (machine) => {
    expect(engineAdvice(Engine.parse({}), machine)).toEqual([]);
  });

  it.each<[Partial<Engine>, Machine]>([
    [{ mixedPrecision: 'float16' }, gpu],
    [{ mixedPrecision: 'float16' }, shortFloats],
    [{ mixedPrecision: 'bfloat16' }, shortFloats],
    [{ xla: true }, gpu],
    [{ memoryGrowth: false }, gpu],
    [{ threads: 8 }, plain],
  ])('%j suits %j', (settings, machine) => {
    expect(engineAdvice(Engine.parse(settings), machine)).toEqual([]);
  });

  it.each<[Partial<Engine>, Machine, string]>([
    [{ mixedPrecision: 'float16' }, plain, 'float16 has no effect here'],
    [{ mixedPrecision: 'float16' }, unknown, 'float16 has no effect here'],
    [{ mixedPrecision: 'bfloat16' }, gpu, 'bfloat16 has no effect on a GPU'],
    [{ mixedPrecision: 'bfloat16' }, plain, 'bfloat16 gains nothing here'],
    [{ mixedPrecision: 'bfloat16' }, unknown, 'bfloat16 gains nothing here'],
    [{ xla: true }, plain, 'xla is for GPUs'],
    [{ memoryGrowth: false }, plain, 'memoryGrowth false has no effect here'],
    [{ threads: 9 }, plain, 'threads is 9, but there are 8 cores'],
  ])('%j on %j: one warning', (settings, machine, warning) => {
    expect(engineAdvice(Engine.parse(settings), machine)).toEqual([expect.stringContaining(warning)]);
  });
});
