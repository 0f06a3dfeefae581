import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../errors.js';
import type { LibraryPackage, Wheel } from './wheels.js';

/** How pip is called on this machine. */
export interface Pip {
  readonly command: string;
  readonly args: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** pip is asked for, rather than the index itself, because it knows the user's mirror, proxy and certificates. */
const pipCalls: readonly Pip[] = [
  { command: 'python3', args: ['-m', 'pip'] },
  { command: 'python', args: ['-m', 'pip'] },
  { command: 'pip3', args: [] },
  { command: 'pip', args: [] },
];

/** The wheels are for this Python, whatever the machine's own is: nothing of it runs. */
const pythonArgs = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none'];

/** @throws EngineError when the machine has no pip */
export async function findPip(env: Environment = process.env): Promise<Pip> {
  let python = false;
  for (const call of pipCalls) {
    const { code } = await run(call.command, [...call.args, '--version'], env);
    if (code === 0) return call;
    if (code !== undefined && call.command.startsWith('python')) python = true;
  }
  throw new EngineError(
    [
      python ? 'Python is here, but it has no pip.' : 'There is no Python with pip on this machine.',
      'The set-up uses pip once, to download TensorFlow through your own mirror and proxy settings; nothing is installed into Python.',
      'Debian, Ubuntu: `sudo apt install python3-pip`. Fedora: `sudo dnf install python3-pip`. macOS: `brew install python`.',
      'Or download the wheel elsewhere and run `npx cmtdet setup --wheel FILE`.',
    ].join('\n'),
  );
}

/** The command that a person would type, for messages. */
export function pipCommandLine(wheel: Wheel, target: LibraryPackage): string {
  return ['pip', ...downloadArgs(target), wheel.requirement].join(' ');
}

/**
 * Downloads one wheel into `folder` and returns its path. What an earlier, interrupted download left is removed first.
 *
 * @param onBytes called twice a second with the bytes that have arrived
 * @throws EngineError with the likely cause
 */
export async function downloadWheel(
  pip: Pip,
  wheel: Wheel,
  target: LibraryPackage,
  folder: string,
  onBytes: (bytes: number) => void,
  env: Environment = process.env,
): Promise<string> {
  // pip's temporary files must lie on the disk whose free space was checked; /tmp is often a small one in memory.
  const temporary = join(folder, 'tmp');
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  const requirements = join(temporary, 'requirements.txt');
  writeFileSync(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const timer = setInterval(() => onBytes(bytesBelow(temporary)), 500);
  try {
    const args = [...pip.args, ...downloadArgs(target), '--no-cache-dir', '--progress-bar', 'off', '--dest', folder];
    const { code, output } = await run(pip.command, [...args, '--requirement', requirements], {
      ...env,
      TMPDIR: temporary,
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_REQUIRE_VIRTUALENV: '0',
    });
    if (code !== 0) throw new EngineError(explainPipFailure(output, wheel, target));
  } finally {
    clearInterval(timer);
    rmSync(temporary, { recursive: true, force: true });
  }
  const file = findWheel(wheel, folder);
  if (!file)
    throw new EngineError(`pip said that it downloaded ${wheel.requirement}, but there is no such file in ${folder}.`);
  return file;
}

/** The downloaded file of a wheel, by its name: `tensorflow-cpu==2.21.0` is `tensorflow_cpu-2.21.0-*.whl`. */
export function findWheel(wheel: Wheel, folder: string): string | undefined {
  const stem = `${wheel.requirement.replaceAll('-', '_').replace('==', '-')}-`;
  const name = readdirSync(folder).find((file) => file.startsWith(stem) && file.endsWith('.whl'));
  return name && join(folder, name);
}

/** What to tell a person when pip failed, from what it printed. */
export function explainPipFailure(output: string, wheel: Wheel, target: LibraryPackage): string {
  const by = (pattern: RegExp) => pattern.test(output);
  const lastLines = output.trim().split('\n').slice(-8).join('\n');
  const cause = by(/No space left on device/i)
    ? 'the disk is full. Free some space, or point CMTDET_CACHE at a larger disk.'
    : by(/CERTIFICATE_VERIFY_FAILED|SSLError/)
      ? 'the secure connection was refused. Behind a company proxy, give pip its certificate: `pip config set global.cert FILE`.'
      : by(/ProxyError|Cannot connect to proxy/)
        ? 'the proxy cannot be reached. Check HTTPS_PROXY.'
        : by(
              /NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|Network is unreachable|Connection refused|Connection reset|ReadTimeout|Max retries/i,
            )
          ? 'there is no connection to the package index. Check the network, or set your mirror with `pip config set global.index-url URL`.'
          : by(/DO NOT MATCH THE HASHES/i)
            ? 'the file that came is not the published one (its checksum differs). Try again; if it stays so, the mirror is at fault.'
            : by(/No matching distribution|Could not find a version/i)
              ? 'the package index cannot be reached, or does not have it. Check the network, and which index pip uses: `pip config list`.'
              : by(/no such option/i)
                ? 'this pip is too old. Update it: `python3 -m pip install --upgrade pip`.'
                : 'pip failed.';
  return [
    `Could not download ${wheel.requirement}: ${cause}`,
    'What pip said:',
    lastLines.replace(/^/gm, '  '),
    `Without pip here: run \`${pipCommandLine(wheel, target)}\` on another machine, then \`npx cmtdet setup --wheel FILE\`.`,
  ].join('\n');
}

function downloadArgs(target: LibraryPackage): string[] {
  return [
    ...['download', '--no-deps', '--only-binary=:all:', ...pythonArgs],
    ...target.tags.flatMap((tag) => ['--platform', tag]),
  ];
}

/** `code` is undefined if the program does not exist. `output` is all that it printed. */
function run(command: string, args: readonly string[], env: Environment): Promise<{ code?: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: env as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', () => resolve({ output }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function bytesBelow(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
      if (entry.isFile()) bytes += statSync(join(entry.parentPath ?? entry.path, entry.name)).size;
  } catch {
    // pip moves files while we look; the next look counts them
  }
  return bytes;
}
