// Compiles tools/kernels/resize.as and writes it, as text, to src/data/image/resizeKernel.wasm.ts, so that neither users nor the
// build need the compiler. It is fetched for this one run only: it weighs a hundred megabytes and the result 600 bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiler = 'assemblyscript@0.28.20';
const source = fileURLToPath(new URL('kernels/resize.as', import.meta.url));
const target = fileURLToPath(new URL('../src/data/image/resizeKernel.wasm.ts', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'cmtdet-kernels-'));
try {
  const input = join(folder, 'resize.ts'); // the compiler wants its files in the current folder and with this extension
  const output = join(folder, 'resize.wasm');
  writeFileSync(input, readFileSync(source));
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
  const command = ['exec', '--yes', `--package=${compiler}`, '--', 'asc', 'resize.ts', '-o', 'resize.wasm', ...options];
  execFileSync('npm', command, { cwd: folder, stdio: 'inherit' });
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex');
  const text = readFileSync(output).toString('base64');
  const lines = text.match(/.{1,120}/g).map((line) => `  '${line}',`);
  writeFileSync(
    target,
    [
      `// Made by tools/build-kernels.mjs with ${compiler}. Do not edit; change tools/kernels/resize.as.`,
      '',
      '/** SHA-256 of the source that this was made of; a test compares. */',
      `export const sourceHash = '${hash}';`,
      '',
      '/** A WebAssembly module, base64. */',
      'export const wasmText = [',
      ...lines,
      "].join('');",
      '',
    ].join('\n'),
  );
} finally {
  rmSync(folder, { recursive: true });
}
