// Makes a fresh clone ready: npm packages, compiled TypeScript, TensorFlow's C library. Each part is skipped when it is
// up to date, so `npm test` and `npm run demo` call this first every time (0.4 s). It runs before `node_modules` exists:
// nothing but Node itself may be imported here. Arguments go to `cmtdet setup` (`--gpu`, `--wheel FILE`, `--force`);
// `--compile` alone leaves that part out: `npm run build`, and what npm calls before it packs.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const cli = join(dist, 'cli', 'main.js');

/** A reason to stop that the reader can mend. */
class SetupError extends Error {}

try {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 12))
    throw new SetupError(`cmtdet needs Node 20.12 or newer, and this is ${process.version}.`);
  await alone(() => {
    installPackages();
    build();
  });
  const [first, ...others] = process.argv.slice(2);
  const compileOnly = first === '--compile' && others.length === 0;
  if (!compileOnly)
    process.exitCode =
      spawnSync(process.execPath, [cli, 'setup', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

function installPackages() {
  const wanted = packagesIn('package-lock.json');
  const present = packagesIn('node_modules/.package-lock.json');
  // npm leaves optional packages of other machines out; all else must be there in the same version, and nothing more.
  const missing = [...wanted].some(([path, entry]) => !entry.optional && !present.has(path));
  const differs = [...present].some(([path, entry]) => wanted.get(path)?.version !== entry.version);
  if (!missing && !differs) return;
  say('installing npm packages ...');
  run('npm', ['ci', '--ignore-scripts'], 'npm could not install the packages (see above).');
}

/** Path → entry of a lock file; npm keeps one inside node_modules that says what is there. */
function packagesIn(lockFile) {
  const path = join(root, lockFile);
  if (!existsSync(path)) return new Map();
  const { packages } = JSON.parse(readFileSync(path, 'utf8'));
  return new Map(Object.entries(packages).filter(([name]) => name !== ''));
}

function build() {
  const stamp = join(dist, '.sources');
  const sources = hashOfSources();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  say('compiling ...');
  rmSync(dist, { recursive: true, force: true }); // files whose source is gone must not stay
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], 'The TypeScript sources do not compile (see above).');
  for (const tool of builders())
    run(process.execPath, [tool], 'The compiled files could not be completed (see above).');
  writeFileSync(stamp, sources);
}

/** What works on the compiled files, or adds to them. */
function builders() {
  const tools = ['build-web.mjs', 'build-report.mjs', 'build-bundles.mjs', 'build-types.mjs'];
  return tools.map((name) => join(root, 'tools', name)).filter((tool) => existsSync(tool));
}

/** Content decides, not time: a checkout of older files is a change too. */
function hashOfSources() {
  const hash = createHash('sha256');
  const files = readdirSync(join(root, 'src'), { recursive: true }).filter((file) => /\.(ts|html|css)$/.test(file));
  const configs = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  const tools = builders().map((tool) => relative(root, tool));
  for (const file of [...configs, ...tools, ...files.sort().map((file) => join('src', file))])
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** Runs `work` while no other set-up of this clone does (two terminals, `npm test` and `npm run demo`). */
async function alone(work) {
  const lock = join(tmpdir(), `cmtdet-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  const owner = join(lock, 'pid');
  for (let waited = false; ; waited = true) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!waited) say('another set-up of this folder is at work, waiting for it ...');
    await sleep(200);
    if (isAbandoned(lock, owner)) rmSync(lock, { recursive: true, force: true });
  }
  try {
    writeFileSync(owner, String(process.pid));
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** True if the process that made the lock is gone, or never came to write its number. */
function isAbandoned(lock, owner) {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return false;
  } catch (error) {
    if (error.code === 'ESRCH') return true;
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    return error.code === 'ENOENT' && age > 10_000;
  }
}

function run(command, args, message) {
  // Standard output is kept for results, so what the tools say goes to standard error.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw new SetupError(`${command}: ${error.message}`);
  if (status !== 0) throw new SetupError(message);
}

function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}
