/** docs/library.md, as a stranger follows it: the package is packed, installed into an empty app, and used. CMTDET_SLOW=1. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { codeBlocks, cutToSteps } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const clone = join(folder, 'cmtdet');
const app = join(folder, 'app');

/** npm as a person has it: without what the npm that runs these tests hands down. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_registry$)/i.test(name) && name !== 'NODE_ENV'),
);

function run(command: string, cwd = app): { readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', command], { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}\nended with ${status}:\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

const sizeOf = (path: string): number =>
  lstatSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : lstatSync(path).size;

const write = (file: string, text: string) => writeFileSync(join(app, file), text);

describe.runIf(process.env.CMTDET_SLOW)('an app with cmtdet (CMTDET_SLOW=1)', { timeout: 600_000 }, () => {
  const [pack, install] = codeBlocks('docs/library.md', 'sh').map((block) => block.trim());
  let packed: readonly string[];

  beforeAll(() => {
    for (const path of [clone, app]) mkdirSync(path);
    write('package.json', '{ "name": "app", "private": true, "type": "module" }');
    run(`${pack} -- --pack-destination ${clone}`, process.cwd());
    packed = run(`tar -tzf ${clone}/cmtdet-0.1.0.tgz`, clone).stdout.trim().split('\n');
    expect(run('npm config get ignore-scripts').stdout).toBe('false\n'); // npm's own default
    run(install!);
  }, 600_000);

  it('the package: what is compiled, configs and pages; no source maps, no sources, no tests', () => {
    const has = (name: string) => packed.includes(`package/${name}`);
    for (const name of ['bin/cmtdet.js', 'dist/index.js', 'dist/index.d.ts', 'dist/web/index.html', 'docs/library.md'])
      expect(has(name), name).toBe(true);
    expect(packed.filter((name) => /\.map$|^package\/(src|test|tools)\/|\.test\./.test(name))).toEqual([]);
    const compiled = readdirSync(join(app, 'node_modules/cmtdet/dist'), { recursive: true, encoding: 'utf8' });
    const mapped = compiled
      .filter((name) => name.endsWith('.js'))
      .filter((name) =>
        /^\/\/# sourceMappingURL/m.test(readFileSync(join(app, 'node_modules/cmtdet/dist', name), 'utf8')),
      );
    expect(mapped).toEqual([]);
  });

  it('node_modules: below 150 MB, and nothing known to be unsafe', () => {
    const megabytes = sizeOf(join(app, 'node_modules')) / 1e6;
    console.info(`node_modules: ${megabytes.toFixed(0)} MB, package: ${packed.length} files`);
    expect(megabytes).toBeLessThan(150);
    const audit = run('npm audit --omit=dev 2>&1 || true').stdout;
    if (audit.includes('audit endpoint returned an error')) console.info('this registry answers no audit');
    else expect(audit).toContain('found 0 vulnerabilities');
  });

  it.each(['cmtdet', 'cmtdet/eval', 'cmtdet/data'])('import %s: below 100 ms', (name) => {
    const program = `const t = performance.now(); await import('${name}'); console.log(performance.now() - t)`;
    const times = Array.from({ length: 5 }, () =>
      Number(run(`node --input-type=module -e "${program}"`).stdout.trim()),
    );
    console.info(`import ${name}: ${Math.min(...times).toFixed(0)} ms`);
    expect(Math.min(...times)).toBeLessThan(100);
  });

  describe('a program with types', () => {
    let server: ChildProcess | undefined;
    let photos: string;
    afterAll(() => {
      server?.kill();
    });

    beforeAll(async () => {
      const { splits } = await generateShapes(join(folder, 'shapes'), { train: 10, val: 1 });
      photos = splits.train.images;
      copyFileSync(splits.train.annotations, join(photos, 'annotations.json'));
    });

    it('compiles, strictly, types of packages included', () => {
      run('npm install hono @hono/node-server');
      run('npm install --save-dev typescript @types/node@20');
      const compilerOptions = {
        ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
        ...{ target: 'es2023', lib: ['es2023'], module: 'nodenext', types: ['node'], outDir: 'out' },
      };
      write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['page*.ts', 'measure.ts'] }));
      write('measure.ts', codeBlocks('docs/recipes/given-results.md', 'ts')[0]!);
      for (const [i, code] of codeBlocks('docs/library.md', 'ts').entries())
        if (!code.includes("'hono'")) write(`page${i}.ts`, code);
      run('npx tsc');
      copyFileSync('examples/server.ts', join(app, 'server.ts'));
      const withBrowserTypes = { ...compilerOptions, lib: ['es2023', 'dom'] }; // hono's own types ask for them
      write('tsconfig.json', JSON.stringify({ compilerOptions: withBrowserTypes, include: ['server.ts'] }));
      run('npx tsc');
    });

    it('trains, with the commands of the README', () => {
      run(`npx cmtdet new ${photos} --out photos.yaml`);
      cutToSteps(join(app, 'photos.yaml'), 3);
      run('npx cmtdet train photos.yaml --run runs/first');
      expect(readdirSync(join(app, 'runs/first'))).toContain('report.html');
    });

    it('finds objects in a picture that is posted to it, and says what is no picture', async () => {
      server = spawn('node', ['out/server.js'], { cwd: app, env: { ...env, PORT: '0' } });
      const address = await new Promise<string>((resolve, reject) => {
        server!.stdout!.on('data', (data) => resolve(String(data).trim()));
        server!.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
      });
      const post = (body: Uint8Array<ArrayBuffer> | string) => fetch(address, { method: 'POST', body });
      const found = await post(new Uint8Array(readFileSync(join(photos, '0001.jpg'))));
      expect([found.status, Array.isArray(await found.json())]).toEqual([200, true]);
      expect((await post('no picture')).status).toBe(400);
    });

    it('measures given results by a sub-path', () => {
      const files = readdirSync(join(app, 'photos-data'));
      expect(files).toContain('val.json');
      run('cp photos-data/val.json val.json');
      run(
        `npx cmtdet evaluate runs/first/best.safetensors --annotations val.json --images ${photos} --save-results results.json`,
      );
      expect(run('node out/measure.js').stdout).toMatch(/^[\d.e-]+ [\d.e-]+\n/);
    });
  });
});
