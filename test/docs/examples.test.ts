/** examples/, as a reader runs them; the README's test runs examples/detect.ts. The type check of the project includes them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneIn, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

describe('examples/train.ts', () => {
  const isCode = (line: string) => line.trim() !== '' && !line.startsWith('//');

  it('is a program of twenty lines that takes the library by its name alone', () => {
    const code = readFileSync('examples/train.ts', 'utf8').split('\n').filter(isCode);
    expect(code.length).toBeLessThanOrEqual(20);
    const imports = code.filter((line) => line.startsWith('import '));
    expect(imports.every((line) => line.endsWith("from 'cmtdet';"))).toBe(true);
  });

  it('trains, measures, predicts, disposes; nothing is printed but what it prints itself', { timeout: 600_000 }, () => {
    const folder = temporaryFolder();
    cloneIn(folder);
    const { stdout, stderr } = runShell(
      'npx tsx examples/train.ts train.maxSteps=4 train.epochs=1 data.workers=0\n',
      folder,
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^\{ epoch: 1, AP50: \S+ \}\n\{\n {2}AP: \S+,/);
    expect(stdout).toContain('30 pictures with boxes in found/\n');
    expect(readdirSync(join(folder, 'found'))).toHaveLength(31); // thirty pictures and detections.json
    expect(existsSync(join(folder, 'runs/detection/best.safetensors'))).toBe(true);
  });
});
