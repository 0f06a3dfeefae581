// Bundles the script and the style of reports (src/web/report) into dist/web-report: node tools/build-report.mjs [FOLDER]
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src', 'web', 'report');
const out = process.argv[2] ?? join(root, 'dist', 'web-report');

await build({
  configFile: false,
  root: source,
  logLevel: 'warn',
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: { report: join(source, 'report.ts') }, formats: ['es'] },
  },
});
copyFileSync(join(source, 'report.css'), join(out, 'report.css'));
