import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/errors.js';
import { cacheFolder, findLibrary, libraryFolder } from '../../../src/tensorflow/install/locate.js';
import { libraryNames } from '../../../src/tensorflow/install/wheels.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const { framework, cc } = libraryNames(process.platform);

function fakeSetup(cache: string, flavour: 'cpu' | 'cuda', bytes = 3): string {
  const folder = libraryFolder(flavour, cache);
  mkdirSync(join(folder, 'tensorflow'), { recursive: true });
  for (const name of [framework, cc]) writeFileSync(join(folder, 'tensorflow', name), 'abc');
  const files = { [`tensorflow/${framework}`]: 3, [`tensorflow/${cc}`]: bytes };
  writeFileSync(join(folder, 'cmtdet.json'), JSON.stringify({ version: '2.21.0', flavour, files }));
  return folder;
}

describe('cacheFolder', () => {
  it.each([
    [{ HOME: '/h', CMTDET_CACHE: '/c', XDG_CACHE_HOME: '/x' }, 'linux', '/c'],
    [{ HOME: '/h', XDG_CACHE_HOME: '/x' }, 'linux', '/x/cmtdet'],
    [{ HOME: '/h' }, 'linux', '/h/.cache/cmtdet'],
    [{ HOME: '/h' }, 'darwin', '/h/Library/Caches/cmtdet'],
  ] as const)('%j on %s is %s', (env, system, folder) => {
    expect(cacheFolder(env, system)).toBe(folder);
  });
});

describe('findLibrary', () => {
  it('nothing set up says where it looked and what to run', () => {
    const CMTDET_CACHE = temporaryFolder();
    expect(() => findLibrary({ CMTDET_CACHE })).toThrow(EngineError);
    expect(() => findLibrary({ CMTDET_CACHE })).toThrow(
      `not set up (looked in ${CMTDET_CACHE}): run \`npx cmtdet setup\``,
    );
  });

  it('the CPU build, and the CUDA build before it', () => {
    const CMTDET_CACHE = temporaryFolder();
    const cpu = fakeSetup(CMTDET_CACHE, 'cpu');
    expect(findLibrary({ CMTDET_CACHE }).cc).toBe(join(cpu, 'tensorflow', cc));
    const cuda = fakeSetup(CMTDET_CACHE, 'cuda');
    expect(findLibrary({ CMTDET_CACHE }).directory).toBe(join(cuda, 'tensorflow'));
  });

  it('a file of another size than at set-up is named as damaged', () => {
    const CMTDET_CACHE = temporaryFolder();
    fakeSetup(CMTDET_CACHE, 'cpu', 4);
    expect(() => findLibrary({ CMTDET_CACHE })).toThrow(`is damaged (tensorflow/${cc}): run \`npx cmtdet setup\``);
  });

  it('a folder without manifest was interrupted, so it does not count', () => {
    const CMTDET_CACHE = temporaryFolder();
    const folder = fakeSetup(CMTDET_CACHE, 'cpu');
    writeFileSync(join(folder, 'cmtdet.json'), '{"version": "2.2');
    expect(() => findLibrary({ CMTDET_CACHE })).toThrow('is not set up');
  });

  it('CMTDET_TENSORFLOW: the folder itself, or its parent', () => {
    const folder = fakeSetup(temporaryFolder(), 'cpu');
    for (const CMTDET_TENSORFLOW of [folder, join(folder, 'tensorflow')])
      expect(findLibrary({ CMTDET_TENSORFLOW }).framework).toBe(join(folder, 'tensorflow', framework));
  });

  it('CMTDET_TENSORFLOW without the libraries is an error even where a set-up is', () => {
    const CMTDET_CACHE = temporaryFolder();
    fakeSetup(CMTDET_CACHE, 'cpu');
    expect(() => findLibrary({ CMTDET_CACHE, CMTDET_TENSORFLOW: '/no/such' })).toThrow('CMTDET_TENSORFLOW is /no/such');
  });
});
