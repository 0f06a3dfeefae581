import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

  it('no command: 2, with the next steps on standard error, the set-up first where it is needed', () => {
    const { status, stdout, stderr } = cmtdet();
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/npx cmtdet setup .*\n.*npx cmtdet demo .*\n.*npx cmtdet new photos/);
  });

  it('a misspelt command or option: the one that was meant', () => {
    expect(cmtdet('trian').stderr).toContain('Did you mean train?');
    expect(cmtdet('train', 'x.yaml', '--resum').stderr).toContain('Did you mean --resume?');
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
    expect(problems).toEqual([expect.stringContaining('run `npx cmtdet setup`')]);
  });
});

describe('odd places to read from and to write to', () => {
  const folder = temporaryFolder();
  const truth = join(folder, 'truth.json');
  const images = [{ id: 1, file_name: 'a.jpg', width: 64, height: 48 }];
  const box = { id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 30, 30], area: 900, iscrowd: 0 };
  const file = { images, annotations: [box], categories: [{ id: 1, name: 'cell' }] };
  writeFileSync(truth, JSON.stringify(file));
  const shell = (command: string) => {
    const env = { ...process.env, CMTDET_CACHE: emptyCache, NO_COLOR: '1', TSX_DISABLE_CACHE: '1' };
    const run = `run() { '${process.execPath}' --import tsx src/cli/main.ts "$@"; }`;
    return spawnSync('bash', ['-c', `${run}; ${command}`], { env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  };

  it.runIf(existsSync('/dev/full'))('a full standard output: one line', () => {
    const { status, stderr } = shell(`run data check ${truth} > /dev/full`);
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'error: standard output: the disk is full.\n' });
  });

  it('a pipe and standard input', () => {
    expect(shell(`run data check <(cat ${truth})`)).toMatchObject({ status: 0, stderr: '' });
    expect(shell(`gzip < ${truth} | run data check -`)).toMatchObject({ status: 0, stderr: '' });
  });

  it('200,000 categories and a name of 20,000 letters', () => {
    const categories = Array.from({ length: 200_000 }, (_, i) => ({
      id: i + 1,
      name: i === 0 ? 'x'.repeat(20_000) : `c${i}`,
    }));
    const many = join(folder, 'many.json');
    writeFileSync(many, JSON.stringify({ ...file, categories }));
    expect(shell(`run data check ${many} > ${folder}/out.txt`).status).toBe(0);
  }, 60_000);
});
