import { describe, expect, test } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { tryCompiledChains } from '../../src/tensorflow/compiledChains.js';
import type { EngineOptions } from '../../src/tensorflow/config.js';
import { Program } from '../../src/tensorflow/program.js';

async function tried(options: EngineOptions): Promise<boolean> {
  const program = new Program(options);
  try {
    return await tryCompiledChains(program);
  } finally {
    await program.dispose();
  }
}

describe('tryCompiledChains', () => {
  test.each<[EngineOptions, boolean]>([
    [{ fuse: true }, true],
    [{ fuse: false }, false],
    [{ xla: true }, false],
  ])('%j: compiled is %s, and the numbers are right', async (options, compiled) => {
    expect(await tried(options)).toBe(compiled);
  });

  test('numbers that are wrong are named', async () => {
    const ones = { data: new Float32Array(2 ** 16).fill(1), shape: [2 ** 16] };
    const wrong = { compile: () => async () => ({ square: ones, difference: ones }) } as unknown as Program;
    const error = await tryCompiledChains(wrong).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as Error).message).toBe('x = 0: (x + 1)² came out as 1, x - 2 as 1');
  });
});
