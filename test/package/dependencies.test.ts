/** What an installed cmtdet imports is installed with it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.js';

const { dependencies, peerDependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Modules that the build makes one file each of, with the packages that go into them. */
const bundled = ['tensorflow/nodeKernels.ts', 'draw/chart.ts'];

/** Names of packages that code imports when it runs. */
function packagesIn(code: string): string[] {
  const statements = [...code.matchAll(/^(?:import|export)\s(?!type\b)(?:[^;'"]*\sfrom\s)?['"]([^'"]+)['"]/gm)];
  const calls = [...code.matchAll(/(?<!`)\bimport\(['"]([^'"]+)['"]\)/g)];
  return [...statements, ...calls]
    .map(([, name]) => name!)
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) => name.match(/^(@[^/]+\/)?[^/]+/)![0]);
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('web'),
);

describe('package.json', () => {
  const used = new Set(
    sources
      .filter((file) => !bundled.includes(file))
      .flatMap((file) => packagesIn(readFileSync(join('src', file), 'utf8'))),
  );

  it('names every package that the sources import, and no other', () => {
    const optional = Object.keys(peerDependencies);
    expect([...used].filter((name) => !optional.includes(name)).sort()).toEqual(Object.keys(dependencies).sort());
  });

  it('what goes into bundles is for development alone', () => {
    const inside = bundled.flatMap((file) => packagesIn(readFileSync(join('src', file), 'utf8')));
    expect(new Set(inside)).toEqual(new Set(['@tensorflow/tfjs-node-gpu', 'echarts']));
    for (const name of inside) {
      expect(dependencies).not.toHaveProperty([name]);
      expect(devDependencies).toHaveProperty([name]);
    }
  });
});

describe('tools/build-bundles.mjs', () => {
  it('each bundle imports nothing but Node and the core of tfjs, and has the licences of what is in it', () => {
    const out = temporaryFolder();
    execFileSync(process.execPath, ['tools/build-bundles.mjs', out]);
    const imports = bundled.map((file) => packagesIn(readFileSync(join(out, file.replace('.ts', '.js')), 'utf8')));
    expect(imports.map((names) => [...new Set(names)])).toEqual([['@tensorflow/tfjs-core'], []]);
    for (const text of ['echarts/LICENSE', 'echarts/NOTICE', 'zrender/LICENSE', 'tslib/LICENSE.txt'])
      expect(existsSync(join(out, 'licences', text)), text).toBe(true);
    const kernels = readFileSync(join(out, 'tensorflow/nodeKernels.js'), 'utf8');
    expect(kernels).toContain('Licensed under the Apache License, Version 2.0');
    expect(kernels).toContain('Google LLC. All Rights Reserved.');
  });
});
