/** README.md: its program and its commands for data of one's own, as they are written, with the config's budget cut to a few steps. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { cloneIn, codeBlocks, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it('its program is examples/detect.ts, which begins with a line that says what it is', () => {
  const [comment, ...program] = readFileSync('examples/detect.ts', 'utf8').split('\n');
  expect(comment).toMatch(/^\/\/ .*npx tsx examples\/detect\.ts/);
  expect(codeBlocks('README.md', 'ts')).toEqual([program.join('\n')]);
});

it('with your own data: training and prediction, then the program on the checkpoint', {
  timeout: 600_000,
}, async () => {
  const folder = temporaryFolder();
  cloneIn(folder);
  const config = join(folder, 'configs/first_detector.yaml');
  writeFileSync(config, `${readFileSync(config, 'utf8')}  maxSteps: 3\n`);
  const { splits } = await generateShapes(join(folder, 'shapes'), { train: 8, val: 1 });
  cpSync(splits.train.images, join(folder, 'photos'), { recursive: true });
  for (const name of ['train.json', 'val.json']) cpSync(splits.train.annotations, join(folder, name));
  const commands = codeBlocks('README.md', 'sh').find((block) => block.startsWith('npx cmtdet train'));
  runShell(commands!, folder);
  expect(readdirSync(join(folder, 'found'))).toHaveLength(9); // eight pictures and detections.json
  expect(runShell('npx tsx examples/detect.ts runs/first/best.safetensors photos/0001.jpg\n', folder).stdout).toBe('');
});

describe('links', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));

  it.each([...pages, ...docs.map((name) => join('docs', name))])('%s: what it links to is there', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, target]) => target!);
    const missing = links.filter((target) => !/^https?:/.test(target) && !existsSync(join(dirname(page), target)));
    expect(missing).toEqual([]);
  });
});
