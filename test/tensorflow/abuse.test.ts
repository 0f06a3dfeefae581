import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../support/engineAbuse.ts', import.meta.url));

test.each([
  ['disposeTwice', 'dispose twice, at once and one after the other'],
  ['afterDispose', 'every method after dispose, with known and new shapes'],
  ['disposeDuringFirstCall', 'dispose while first calls are under way, at many moments'],
  ['wrongInputs', 'negative and huge sides, wrong lengths and types'],
  ['twoPrograms', 'two programs, one of them disposed of'],
  ['disposeInsideOfACallback', 'dispose inside of a traced function and of a profile'],
  ['errorsInsideOfATrace', 'errors inside of traces, and traces inside of traces'],
  ['worker', 'programs in worker threads, one of which is ended while it computes'],
  ['exitDuringARun', 'process.exit while a picture is under way'],
])(
  '%s: %s',
  (name) => {
    const { signal, status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, name], {
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect({ signal, status, stderr }).toEqual({ signal: null, status: 0, stderr: '' });
    expect(stdout).toContain('done');
  },
  110_000,
);
