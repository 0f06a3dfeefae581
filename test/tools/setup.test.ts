import { type ChildProcess, execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.js';

/**
 * A clone in little: tools/setup.mjs with a lock file and a source, an `npm` that installs a compiler, and a compiler that
 * writes a command line which prints its arguments. All of them write what they are asked to do into a file.
 */
function littleClone(npm = '') {
  const root = temporaryFolder();
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  for (const folder of ['tools', 'bin', 'src']) mkdirSync(join(root, folder));
  copyFileSync('tools/setup.mjs', join(root, 'tools/setup.mjs'));
  const lock = (version: string) =>
    write(
      'package-lock.json',
      JSON.stringify({
        packages: {
          '': {},
          'node_modules/typescript': { version },
          'node_modules/fsevents': { version: '1.0.0', optional: true },
        },
      }),
    );
  lock('7.0.0');
  write('tsconfig.json', '{}');
  write('tsconfig.build.json', '{}');
  write('src/a.ts', 'export {};');
  write(
    'tsc',
    `const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
appendFileSync('calls', 'tsc\\n');
mkdirSync('dist/cli', { recursive: true });
writeFileSync('dist/cli/main.js', 'console.log("cli", ...process.argv.slice(2));process.exit(process.argv.includes("--fail") ? 3 : 0)');`,
  );
  write(
    'bin/npm',
    `#!/bin/sh
echo "npm $*" >> calls
${npm}
mkdir -p node_modules/typescript/bin
cp tsc node_modules/typescript/bin/tsc
node -e 'const l=require("./package-lock.json");delete l.packages[""];delete l.packages["node_modules/fsevents"];require("fs").writeFileSync("node_modules/.package-lock.json",JSON.stringify(l))'
`,
  );
  chmodSync(join(root, 'bin/npm'), 0o755);
  const env = { ...process.env, PATH: `${join(root, 'bin')}:${process.env.PATH}` };
  const run = (...args: string[]) =>
    new Promise<{ code: ChildProcess['exitCode']; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, [join(root, 'tools/setup.mjs'), ...args], { env }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode, stdout, stderr }),
      );
    });
  const calls = () => {
    const file = join(root, 'calls');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text.split('\n').filter(Boolean);
  };
  return { root, run, calls, lock, write };
}

const install = 'npm ci --ignore-scripts';

it('a fresh clone: installs, compiles, and hands its arguments to `cmtdet setup`', async () => {
  const { run, calls } = littleClone();
  expect(await run('--gpu')).toMatchObject({ code: 0, stdout: 'cli setup --gpu\n' });
  expect(calls()).toEqual([install, 'tsc']);
});

it('all up to date: neither npm nor the compiler is called, and the exit code is that of `cmtdet setup`', async () => {
  const { run, calls } = littleClone();
  await run();
  expect((await run('--fail')).code).toBe(3);
  expect(calls()).toEqual([install, 'tsc']);
});

it('--compile: installs and compiles, without the library', async () => {
  const { run, calls } = littleClone();
  expect(await run('--compile')).toMatchObject({ code: 0, stdout: '' });
  expect(calls()).toEqual([install, 'tsc']);
});

it('a changed source: compiles again, and files without a source are gone', async () => {
  const { root, run, calls, write } = littleClone();
  await run();
  write('dist/old.js', '');
  write('src/a.ts', 'export const a = 1;');
  await run();
  expect(calls()).toEqual([install, 'tsc', 'tsc']);
  expect(existsSync(join(root, 'dist/old.js'))).toBe(false);
});

it('another version in the lock file: installs again', async () => {
  const { run, calls, lock } = littleClone();
  await run();
  lock('7.0.1');
  await run();
  expect(calls()).toEqual([install, 'tsc', install, 'tsc']);
});

it('npm fails: one sentence, exit code 1, and the next call tries again', async () => {
  const { root, run, calls, write } = littleClone('[ -e fixed ] || { echo ENETUNREACH >&2; exit 1; }');
  const { code, stdout, stderr } = await run();
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('ENETUNREACH');
  expect(stderr).toContain('set-up: npm could not install the packages (see above).');
  write('fixed', '');
  expect((await run()).code).toBe(0);
  expect(calls()).toEqual([install, install, 'tsc']);
  expect(existsSync(join(root, 'dist/cli/main.js'))).toBe(true);
});

it('two at once: one installs, the other waits for it', async () => {
  const { run, calls } = littleClone('sleep 0.5');
  const results = await Promise.all([run(), run()]);
  expect(results.map(({ code }) => code)).toEqual([0, 0]);
  expect(calls()).toEqual([install, 'tsc']);
});
