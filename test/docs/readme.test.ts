/** README.md: its program and its commands for data of one's own, as they are written, with the config's budget cut to a few steps. */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { cloneIn, codeBlocks, cutToSteps, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it('its program is examples/detect.ts, which begins with a line that says what it is', () => {
  const [comment, ...program] = readFileSync('examples/detect.ts', 'utf8').split('\n');
  expect(comment).toMatch(/^\/\/ .*npx tsx examples\/detect\.ts/);
  expect(codeBlocks('README.md', 'ts')).toEqual([program.join('\n')]);
});

it('with your own data: a config, training and prediction, then the program on the checkpoint', {
  timeout: 600_000,
}, async () => {
  const folder = temporaryFolder();
  cloneIn(folder);
  const { splits } = await generateShapes(join(folder, 'shapes'), { train: 10, val: 1 });
  cpSync(splits.train.images, join(folder, 'photos'), { recursive: true });
  cpSync(splits.train.annotations, join(folder, 'photos/annotations.json'));
  const commands = codeBlocks('README.md', 'sh').find((block) => block.startsWith('npx cmtdet new'));
  const [makeConfig, ...others] = commands!.trim().split('\n');
  runShell(`${makeConfig}\n`, folder);
  cutToSteps(join(folder, 'photos.yaml'), 3);
  runShell(`${others.join('\n')}\n`, folder);
  expect(existsSync(join(folder, 'runs/photos/report.html'))).toBe(true);
  expect(readdirSync(join(folder, 'found'))).toHaveLength(11); // ten pictures and detections.json
  expect(runShell('npx tsx examples/detect.ts runs/photos/best.safetensors photos/0001.jpg\n', folder).stdout).toBe('');
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
