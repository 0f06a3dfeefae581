import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportError } from '../../src/cli/report.js';
import { EngineError, InterruptedError, NonFiniteError, UsageError } from '../../src/errors.js';
import { hearStandardError } from '../support/standardError.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const said = hearStandardError();

describe('reportError', () => {
  it.each([
    [new EngineError('no library'), 1],
    [new UsageError('not both'), 2],
    [new NonFiniteError('loss is NaN'), 3],
    [new InterruptedError('saved'), 130],
  ])('%s: its message alone, exit code %i', (error, code) => {
    expect(reportError(error)).toBe(code);
    expect(said()).toBe(`error: ${error.message}\n`);
  });

  it("the system's own errors become a sentence", () => {
    expect(reportError(Object.assign(new Error('ENOENT: open'), { code: 'ENOENT', path: '/a/b' }))).toBe(1);
    expect(said()).toBe('error: /a/b: there is no such file or folder.\n');
  });

  it('also where a folder is to be made and a file has its name', async () => {
    const file = join(temporaryFolder(), 'taken');
    writeFileSync(file, '');
    expect(reportError(await mkdir(file).catch((error) => error))).toBe(1);
    expect(said()).toBe(`error: ${file}: this is there already, and is no folder.\n`);
  });

  it.each([new TypeError('x is undefined'), 'a string', undefined])('%s: ours, 70, asks for a report', (error) => {
    expect(reportError(error)).toBe(70);
    expect(said()).toContain(String(error));
    expect(said()).toContain('This is a fault of cmtdet.');
  });
});
