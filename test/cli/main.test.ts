import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.js';

/** Runs the command line from its sources. */
function cmtdet(...args: string[]) {
  const noLibrary = { CMTDET_CACHE: emptyCache, CMTDET_TENSORFLOW: '' };
  const env = { ...process.env, ...noLibrary, NO_COLOR: '1', TSX_DISABLE_CACHE: '1' }; // tsx' cache is a temporary folder
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
const emptyCache = temporaryFolder();

describe('exit codes', () => {
  it('--help and --version are done: 0, on standard output', () => {
    expect(cmtdet('--help')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('Usage: cmtdet') });
    expect(cmtdet('--version')).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });

  it('no command: 2, with the help on standard error', () => {
    expect(cmtdet()).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Commands:') });
  });

  it.each([
    [['nope'], "error: unknown command 'nope'"],
    [['setup', '--wheel', '/no/such.whl'], 'error: --wheel /no/such.whl: there is no such file.'],
  ])('wrong usage %j: 2', (args, message) => {
    expect(cmtdet(...args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(message) });
  });

  it("a problem of the user's: 1, one line without a stack", () => {
    const { status, stdout, stderr } = cmtdet('convert', '/no/such.pth', 'x.safetensors');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^error: \/no\/such\.pth/);
    expect(stderr).not.toContain('    at ');
  });
});

describe('doctor --json', () => {
  it('no library: one JSON document that says so, exit code 1', () => {
    const { status, stdout, stderr } = cmtdet('doctor', '--json');
    const { tensorflow, problems, ...rest } = JSON.parse(stdout);
    expect(status).toBe(1);
    expect(stderr).toBe('');
    expect(rest).toMatchObject({ ok: false, node: process.version });
    expect(rest.threads).toBeGreaterThan(0);
    expect(tensorflow).toEqual({ version: null, library: null, devices: [] });
    expect(problems).toEqual([expect.stringContaining('run `npm run setup`')]);
  });
});
