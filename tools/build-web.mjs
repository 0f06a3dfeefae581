// Bundles what runs in browsers (src/web) into dist/web, with the types of its module: node tools/build-web.mjs [FOLDER]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src', 'web');
const out = process.argv[2] ?? join(root, 'dist', 'web');

await build({
  configFile: false,
  root: source,
  base: './',
  logLevel: 'warn',
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    rollupOptions: {
      input: { index: join(source, 'index.html'), detector: join(source, 'detector.ts') },
      preserveEntrySignatures: 'strict',
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        assetFileNames: '[name][extname]',
      },
    },
  },
});

// The types of the module in one file: what it exports needs nothing of the other files but one type, which comes behind it.
const types = mkdtempSync(join(out, 'types-'));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', join(root, 'src')];
const { status } = spawnSync(
  process.execPath,
  [tsc, '-p', join(root, 'tsconfig.web.json'), ...options, '--outDir', types],
  { stdio: 'inherit' },
);
try {
  if (status === 0) writeFileSync(join(out, 'detector.d.ts'), moduleTypes());
} finally {
  rmSync(types, { recursive: true });
}
process.exitCode = status ?? 1;

function moduleTypes() {
  const [module, named] = ['web/detector.d.ts', 'detection/named.d.ts'].map((name) =>
    readFileSync(join(types, name), 'utf8'),
  );
  const own = module
    .replace(/^import .*'\.\.\/detection\/named\.js';\n/m, '')
    .replace('export type { Detection };\n', '');
  const [detection] = /^\/\*\* One object found\.[\s\S]*?^}\n/m.exec(named) ?? [];
  if (detection === undefined || /from '\.\.?\//.test(own))
    throw new Error(
      'src/web/detector.ts and src/detection/named.ts have other types than tools/build-web.mjs puts together',
    );
  return own + detection;
}
