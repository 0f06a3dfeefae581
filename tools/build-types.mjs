// Leaves the types that the public entries need in dist, and makes them stand alone: node tools/build-types.mjs [FOLDER]
// Types of tfjs are opaque there. Nothing that is exported hands out a tensor, and those of the package want a browser's types.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const out = resolve(process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url)));
const entries = ['index.d.ts', 'index.eval.d.ts', 'index.data.d.ts'].map((name) => join(out, name));
const opaque = join(out, 'tfjs.d.ts');

const needed = new Set(entries);
for (const file of needed) {
  const text = readFileSync(file, 'utf8');
  for (const [, target] of text.matchAll(/(?:from |import\(|import )'(\.[^']+)'/g))
    needed.add(resolve(dirname(file), target.replace(/\.js$/, '.d.ts')));
  const name = relative(dirname(file), opaque)
    .split(sep)
    .join('/')
    .replace(/\.d\.ts$/, '.js');
  writeFileSync(file, text.replaceAll("'@tensorflow/tfjs-core'", `'${name.startsWith('.') ? name : `./${name}`}'`));
}

const kinds = ['Scalar', 'Tensor1D', 'Tensor2D', 'Tensor3D', 'Tensor4D'];
writeFileSync(
  opaque,
  `/** A tensor of tfjs, which cmtdet keeps to itself. */
export interface Tensor {
  readonly shape: readonly number[];
}
${kinds.map((kind) => `export type ${kind} = Tensor;\n`).join('')}`,
);
needed.add(opaque);

for (const name of readdirSync(out, { recursive: true })) {
  const file = join(out, name);
  const isBrowsers = /^web[\\/]/.test(name); // the module of `cmtdet export --format web`
  if (name.endsWith('.d.ts') && !isBrowsers && !needed.has(file)) rmSync(file);
}
