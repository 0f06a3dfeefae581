import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type InstallOptions, installPackage, packageForHost } from '../../../src/tensorflow/install/install.js';
import { findLibrary, hostPlatform, libraryFolder } from '../../../src/tensorflow/install/locate.js';
import {
  findPackage,
  type LibraryPackage,
  libraryNames,
  type Platform,
} from '../../../src/tensorflow/install/wheels.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { zip } from '../../support/zip.js';

const { framework, cc } = libraryNames(process.platform);
const wheelName = 'tensorflow_cpu-2.21.0-cp311-cp311-any.whl';

/** A cache, a wheel of a few bytes, and a `python3` that hands it out in place of pip and counts its calls. */
function world(script = 'cp "$WHEEL" "$dest/"') {
  const root = temporaryFolder();
  const wheel = join(root, wheelName);
  const content = zip({
    [`tensorflow/${framework}`]: { data: Buffer.from('framework'), mode: 0o755 },
    [`tensorflow/${cc}`]: { data: Buffer.alloc(100_000, 'c') },
    'tensorflow/python/big.so': { data: Buffer.from('not wanted') },
    'nvidia/cublas/lib/libcublas.so.12': { data: Buffer.from('blas') },
    'nvidia/cublas/include/cublas.h': { data: Buffer.from('not wanted') },
    'nvidia/cuda_nvcc/bin/ptxas': { data: Buffer.from('ptxas'), mode: 0o755 },
  });
  writeFileSync(wheel, content);
  const calls = join(root, 'calls');
  const python = `#!/bin/sh
case "$*" in *--version*) echo pip 24; exit 0;; esac
echo "$*" >> ${calls}
while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest=$2; shift; done
WHEEL=${wheel}
${script}
`;
  const bin = join(root, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'python3'), python);
  chmodSync(join(bin, 'python3'), 0o755);
  const target: LibraryPackage = {
    platform: hostPlatform as Platform,
    flavour: 'cpu',
    wheels: [{ requirement: 'tensorflow-cpu==2.21.0', sha256: createHash('sha256').update(content).digest('hex') }],
    tags: ['any'],
    downloadBytes: content.length,
    unpackedBytes: 100_009,
  };
  const cache = join(root, 'cache');
  const options: InstallOptions = { cache, env: { PATH: `${bin}:/usr/bin:/bin` } };
  const pipCalls = () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []);
  return { root, cache, wheel, target, options, pipCalls, folder: libraryFolder('cpu', cache) };
}

describe('installPackage', () => {
  it('downloads, unpacks the libraries alone, and is found afterwards', async () => {
    const { cache, target, options, folder, pipCalls } = world();
    expect(await installPackage(target, options)).toEqual({ folder, fresh: true });
    const library = findLibrary({ CMTDET_CACHE: cache });
    expect(readFileSync(library.framework, 'utf8')).toBe('framework');
    expect(readdirSync(join(folder, 'tensorflow')).sort()).toEqual([cc, framework].sort());
    expect(existsSync(join(folder, 'nvidia/cublas/include'))).toBe(false);
    expect(statSync(join(folder, 'nvidia/cuda_nvcc/bin/ptxas')).mode & 0o111).not.toBe(0);
    expect(pipCalls()).toHaveLength(1);
    expect(pipCalls()[0]).toMatch(
      /^-m pip download --no-deps --only-binary=:all: --python-version 3\.11 .* --platform any /,
    );
    expect(readdirSync(cache)).toEqual([expect.stringContaining('tensorflow-2.21.0-cpu')]); // no lock, part or download left
  });

  it('a second call finds all there and does not ask pip', async () => {
    const { target, options, pipCalls } = world();
    await installPackage(target, options);
    expect((await installPackage(target, options)).fresh).toBe(false);
    expect(pipCalls()).toHaveLength(1);
  });

  it('three at once: one downloads, two wait and use it', async () => {
    const { target, options, pipCalls } = world('sleep 0.3; cp "$WHEEL" "$dest/"');
    const stages = new Set<string>();
    const all = { ...options, onProgress: ({ stage }: { stage: string }) => stages.add(stage) };
    const results = await Promise.all([1, 2, 3].map(() => installPackage(target, all)));
    expect(results.map(({ fresh }) => fresh).sort()).toEqual([false, false, true]);
    expect(pipCalls()).toHaveLength(1);
    expect(stages).toContain('waiting for another set-up');
  });

  it('interrupted after the download: the whole wheel is used, without pip', async () => {
    const { wheel, target, options, folder, pipCalls } = world();
    const downloads = `${folder}.download`;
    mkdirSync(join(`${folder}.part`, 'tensorflow'), { recursive: true });
    writeFileSync(join(`${folder}.part`, 'tensorflow', cc), 'half');
    mkdirSync(downloads, { recursive: true });
    writeFileSync(join(downloads, wheelName), readFileSync(wheel));
    expect((await installPackage(target, options)).fresh).toBe(true);
    expect(pipCalls()).toEqual([]);
    expect(statSync(join(folder, 'tensorflow', cc)).size).toBe(100_000);
  });

  it('interrupted in the download: half a wheel is fetched again', async () => {
    const { target, options, folder, pipCalls } = world();
    const downloads = `${folder}.download`;
    mkdirSync(downloads, { recursive: true });
    writeFileSync(join(downloads, wheelName), 'half');
    await installPackage(target, options);
    expect(pipCalls()).toHaveLength(1);
  });

  it('damaged afterwards: repaired', async () => {
    const { target, options, folder } = world();
    await installPackage(target, options);
    writeFileSync(join(folder, 'tensorflow', cc), '');
    expect((await installPackage(target, options)).fresh).toBe(true);
    expect(statSync(join(folder, 'tensorflow', cc)).size).toBe(100_000);
  });

  it('a download with another checksum is refused and not kept', async () => {
    const { cache, target, options, folder } = world('echo other > "$dest/tensorflow_cpu-2.21.0-cp311-cp311-any.whl"');
    await expect(installPackage(target, options)).rejects.toThrow('tensorflow-cpu==2.21.0 is damaged (wrong checksum)');
    expect(() => findLibrary({ CMTDET_CACHE: cache })).toThrow('not set up');
    expect(readdirSync(`${folder}.download`)).toEqual([]);
  });

  it('pip without a network: its words and the cause', async () => {
    const { target, options } = world('echo "NewConnectionError: Network is unreachable" >&2; exit 1');
    await expect(installPackage(target, options)).rejects.toThrow(
      /no connection to the package index.*\n.*\n {2}NewConn/,
    );
  });

  it('own wheel: used when it is the published one, refused otherwise', async () => {
    const { root, wheel, target, options, pipCalls } = world();
    const other = join(root, 'other.whl');
    writeFileSync(other, 'x');
    await expect(installPackage(target, { ...options, wheelFile: other })).rejects.toThrow(
      'is not the published wheel',
    );
    expect((await installPackage(target, { ...options, wheelFile: wheel })).fresh).toBe(true);
    expect(existsSync(wheel)).toBe(true);
    expect(pipCalls()).toEqual([]);
  });

  it('too little disk: how much is needed', async () => {
    const { target, options } = world();
    const huge = { ...target, unpackedBytes: 1e18 };
    await expect(installPackage(huge, options)).rejects.toThrow(
      /needs 1000000000\.0 GB of free disk for .*CMTDET_CACHE/,
    );
  });

  it('a wheel without the libraries', async () => {
    const { root, target, options } = world();
    const empty = join(root, 'empty.whl');
    writeFileSync(empty, zip({ 'tensorflow/x': { data: Buffer.from('x') } }));
    const sha256 = createHash('sha256').update(readFileSync(empty)).digest('hex');
    const wheels = [{ requirement: 'tensorflow-cpu==2.21.0', sha256 }];
    await expect(installPackage({ ...target, wheels }, { ...options, wheelFile: empty })).rejects.toThrow(
      `holds no tensorflow/${framework}, no tensorflow/${cc}`,
    );
  });
});

describe('packages', () => {
  it.each([
    ['linux-x64', 'cpu', 'tensorflow-cpu==2.21.0'],
    ['linux-arm64', 'cpu', 'tensorflow==2.21.0'],
    ['darwin-arm64', 'cpu', 'tensorflow==2.21.0'],
    ['linux-x64', 'cuda', 'tensorflow==2.21.0'],
  ] as const)('%s %s is %s', (platform, flavour, requirement) => {
    expect(findPackage(platform, flavour)?.wheels[0]?.requirement).toBe(requirement);
  });

  it.each(['win32-x64', 'darwin-x64', 'freebsd-x64'])('%s has none', (platform) => {
    expect(findPackage(platform, 'cpu')).toBeUndefined();
  });

  it('this machine has one', () => {
    expect(packageForHost('cpu').platform).toBe(hostPlatform);
  });
});
