// Puts what is used of some packages into the compiled files that import them, so that an installed cmtdet does without these packages:
// node tools/build-bundles.mjs [FOLDER]. docs/decisions/0015-kernels-in-the-package.md says why.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? join(root, 'dist');

const core = '@tensorflow/tfjs-core';

/** Compiled modules, the packages whose code goes into them, and what else they begin with. */
const bundles = [
  // `@tensorflow/tfjs` registers the gradients of the core's operations; nothing else of it is needed.
  {
    module: 'tensorflow/nodeKernels',
    packages: ['@tensorflow/tfjs-node-gpu'],
    first: `${core}/dist/register_all_gradients.js`,
  },
  { module: 'draw/chart', packages: ['echarts', 'zrender', 'tslib'] },
];

const alias = [
  { find: /^@tensorflow\/tfjs$/, replacement: core },
  { find: /^.*\/proto\/api_pb$/, replacement: '\0nothing' }, // with which tfjs-node would write TensorBoard's files
];
const nothing = { name: 'nothing', load: (id) => (id === '\0nothing' ? 'export default {};' : null) };

for (const { module, packages, first } of bundles) {
  const entry = join(root, 'src', `${module}.ts`);
  const beginning = {
    name: 'beginning',
    transform: (code, id) => (id === entry && first !== undefined ? `import '${first}';\n${code}` : null),
  };
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    plugins: [nothing, beginning],
    resolve: { alias },
    build: {
      ssr: entry,
      outDir: out,
      emptyOutDir: false,
      minify: false,
      target: 'esnext', // as it is, with the licence at the head of each file
      rollupOptions: { external: [core], output: { entryFileNames: `${module}.js` } },
    },
    ssr: { noExternal: true },
  });
  for (const name of packages) copyLicence(name);
}

/** What the licence of a package asks to be kept beside its code; tfjs-node-gpu has its own at the head of each file. */
function copyLicence(name) {
  const folder = join(root, 'node_modules', name);
  const texts = ['LICENSE', 'LICENSE.txt', 'NOTICE'].filter((file) => existsSync(join(folder, file)));
  const target = join(out, 'licences', name);
  if (texts.length > 0) mkdirSync(target, { recursive: true });
  for (const file of texts) copyFileSync(join(folder, file), join(target, file));
}
