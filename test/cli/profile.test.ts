import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProfile } from '../../src/cli/profile.js';
import { outputOf } from '../support/standardOutput.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

describe('a small detector', () => {
  const small = { batch: 1, size: [64, 64], steps: 2 } as const;

  test.each(['train', 'forward'] as const)('%s: convolutions in it, and a trace that can be read', async (mode) => {
    const out = temporaryFolder();
    const result = JSON.parse(
      await outputOf(() => runProfile({ model: 'configs/smoke.yaml', ...small, mode, out, json: true })),
    );
    expect(result).toMatchObject({ model: 'configs/smoke.yaml', mode, batch: 1, inputSize: [64, 64], steps: 2 });
    const kinds: string[] = result.operations.map(({ type }: { type: string }) => type);
    expect(kinds.some((kind) => kind.includes('Conv2D'))).toBe(true);
    expect(kinds.some((kind) => kind.includes('ResourceApplyAdam'))).toBe(mode === 'train');
    const total = result.operations.reduce((sum: number, { share }: { share: number }) => sum + share, 0);
    expect(total).toBeCloseTo(1, 6);
    expect(result.busyMs).toBeGreaterThan(0);
    expect(result.busyMs).toBeLessThanOrEqual(result.recordedWallMs);
    const { traceEvents } = JSON.parse(readFileSync(join(out, 'trace.json'), 'utf8'));
    const counted = result.operations.reduce((sum: number, { count }: { count: number }) => sum + count, 0);
    expect(traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')).toHaveLength(counted);
  });

  test('for people: a table of operations, and the times of a step', async () => {
    const text = await outputOf(() => runProfile({ model: 'configs/smoke.yaml', ...small, steps: 1, mode: 'forward' }));
    expect(text).toMatch(/^configs\/smoke.yaml: inference on 1 x 64 x 64, mean of 1 recorded steps\n/);
    expect(text).toMatch(/\noperation on \/device:CPU:0 +count +ms +share +MiB written\n/);
    expect(text).toMatch(/\nwall time +\d+\.\d ms\n/);
  });
});
