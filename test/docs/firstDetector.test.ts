/** docs/first-detector.md: every command as it is written, with the config's budget cut to a few steps. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cloneIn, codeBlocks, cutToSteps, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const page = 'docs/first-detector.md';
const [makeData, makeConfig, preview, train, measure, use, ...others] = codeBlocks(page, 'sh');

describe('docs/first-detector.md, in its order', () => {
  let folder: string;
  const has = (name: string) => existsSync(join(folder, name));

  beforeAll(() => {
    folder = temporaryFolder();
    cloneIn(folder);
  });

  it('has six blocks of commands', () => {
    expect([makeData, makeConfig, preview, train, measure, use].every((block) => block?.startsWith('npx '))).toBe(true);
    expect(others).toEqual([]);
  });

  it('1: data', { timeout: 600_000 }, () => {
    runShell(makeData!, folder);
    expect(has('first/data/train/1200.jpg')).toBe(true);
  });

  it('2: a config, which the page shows the making of; its batches can be seen', { timeout: 600_000 }, () => {
    const { stdout } = runShell(makeConfig!, folder);
    const [shown] = codeBlocks(page, 'text');
    expect(withoutMachine(stdout)).toBe(withoutMachine(shown!));
    expect(readFileSync(join(folder, 'first.yaml'), 'utf8')).toContain('images: first/data/val\n');
    cutToSteps(join(folder, 'first.yaml'), 3);
    expect(runShell(preview!, folder).stdout).toMatch(/batch0\.jpg: \d+ of 128 x 128\n.*batch1\.jpg/);
    expect(readdirSync(join(folder, 'first/sheets'))).toHaveLength(2);
  });

  it('3: a checkpoint', { timeout: 600_000 }, () => {
    expect(runShell(train!, folder).stdout).toContain(
      'checkpoints: runs/first/last.safetensors, runs/first/best.safetensors',
    );
    expect(has('runs/first/report.html')).toBe(true);
  });

  it('4: numbers, pictures', { timeout: 600_000 }, () => {
    expect(runShell(measure!, folder).stdout).toMatch(/^AP +0\.50:0\.95/m);
    expect(has('first/measured/precision_recall.png')).toBe(true);
    expect(readdirSync(join(folder, 'first/found'))).toHaveLength(101); // 100 pictures and detections.json
  });

  it('5: a program', { timeout: 600_000 }, () => {
    expect(runShell(use!, folder).stdout).toBe(''); // three steps teach nothing that scores 0.5
    const [program] = codeBlocks(page, 'ts');
    writeFileSync(join(folder, 'find.mts'), program!);
    expect(runShell('npx tsx find.mts', folder).stdout).toBe('[]\n');
  });
});

/** What `new` prints without the lines that follow from the machine: batches and time. */
const withoutMachine = (printed: string) => printed.replace(/^(batches|time) .*$/gm, '$1');
