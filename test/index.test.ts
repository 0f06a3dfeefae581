import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** What a new process has to load for an import, and how long that takes. */
function importing(file: string): { readonly ms: number; readonly packages: readonly string[]; readonly said: string } {
  const program = `
    import { createRequire } from 'node:module';
    const started = performance.now();
    await import('./${file}');
    const ms = performance.now() - started;
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    const packages = loaded.map((path) => path.match(/node_modules[/\\\\]((@[^/\\\\]+[/\\\\])?[^/\\\\]+)/)?.[1]);
    process.stderr.write(JSON.stringify({ ms, packages: [...new Set(packages)] }));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  return { ...JSON.parse(stderr), said: stdout };
}

describe.each([
  ['cmtdet', 'src/index.ts'],
  ['cmtdet/eval', 'src/index.eval.ts'],
  ['cmtdet/data', 'src/index.data.ts'],
])('import %s', (_, file) => {
  it('loads no tfjs, no TensorFlow, no picture library, and is quick', () => {
    const { ms, packages, said } = importing(file);
    const heavy = ['@tensorflow', 'koffi', 'protobufjs', 'sharp', 'echarts'];
    expect(packages.filter((name) => heavy.some((part) => name.startsWith(part)))).toEqual([]);
    expect(said).toBe('');
    expect(ms).toBeLessThan(4000); // on a busy machine; compiling the sources is in it; `tools/bench-startup.ts` measures what users have
  });
});

it('the check above sees packages that are loaded: the backend loads tfjs', () => {
  const { packages } = importing('src/tensorflow/backend.ts');
  expect(packages.filter((name) => name.startsWith('@tensorflow'))).not.toEqual([]);
});

it('package.json: every entry is a source file with its types', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { './package.json': _, ...entries } = exports as Record<string, { types: string; default: string }>;
  expect(Object.keys(entries)).toEqual(['.', './eval', './data']);
  for (const { types, default: code } of Object.values(entries)) {
    const source = code.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    expect(existsSync(source)).toBe(true);
    expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
  }
});

describe('what is wrong is said by classes of cmtdet', () => {
  it.each(['Detector', 'Classifier'] as const)('%s.load of a file that is not there', async (name) => {
    const api = await import('../src/index.js');
    await expect(api[name].load('no/such.safetensors')).rejects.toThrow(/no\/such\.safetensors/);
  });

  it('loadConfig of a file that is not there', async () => {
    const { loadConfig, ConfigError } = await import('../src/index.js');
    await expect(loadConfig('no/such.yaml')).rejects.toThrow(ConfigError);
  });
});
