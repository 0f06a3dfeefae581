import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporaryFolder.js';

test('the check of a GPU runs from end to end without one: every part finds something', { timeout: 400_000 }, () => {
  const out = temporaryFolder();
  const args = ['--import', 'tsx', 'tools/gpu/check.ts', '--device', 'cpu', '--quick', '--out', out];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const report = JSON.parse(readFileSync(join(out, 'check.json'), 'utf8'));
  const { doctor, parity, rates, losses, largestBatch, profile } = report;
  const parts = [doctor, ...parity, ...rates, losses, largestBatch, profile];
  expect(parts.flatMap(({ missing }) => missing ?? [])).toEqual([]);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  expect(parity).toHaveLength(3);
  expect(rates).toHaveLength(2);
  for (const { found } of parity) expect(found.error).toBeLessThan(1e-6); // the same device twice
  for (const { device, cpu } of losses.found.rows) expect(device).toBeCloseTo(cpu, 5);
  expect(losses.found.rows).toHaveLength(2);
  expect(readFileSync(join(out, 'check.md'), 'utf8')).toContain('# What cmtdet does on the CPU (quick');
  expect(JSON.parse(readFileSync(join(out, 'trace.json'), 'utf8')).traceEvents.length).toBeGreaterThan(100);
});
