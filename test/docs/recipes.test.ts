/** docs/recipes: the commands of each page as they are written, in its order, with the config's budget cut to a few steps. CMTDET_SLOW=1. */
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { writeAuthorsTiny } from '../support/authorsTiny.js';
import { cloneIn, codeBlocks, cutToSteps, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

describe.runIf(process.env.CMTDET_SLOW)('recipes (CMTDET_SLOW=1)', { timeout: 600_000 }, () => {
  let photos: string;
  beforeAll(async () => {
    const { splits } = await generateShapes(join(temporaryFolder(), 'shapes'), { train: 12, val: 1 });
    photos = splits.train.images;
    cpSync(splits.train.annotations, join(photos, 'annotations.json'));
  });

  /** A folder with `photos`, in which the commands of a page have run; configs are cut when they have been made. */
  function follow(page: string, prepare: (folder: string) => void = () => {}): string {
    const folder = temporaryFolder();
    cloneIn(folder);
    cpSync(photos, join(folder, 'photos'), { recursive: true });
    prepare(folder);
    for (const block of codeBlocks(`docs/recipes/${page}`, 'sh')) {
      for (const command of block.replace(/\\\n/g, ' ').trim().split('\n')) {
        runShell(`${command}\n`, folder);
        if (command.includes('cmtdet new')) cutToSteps(join(folder, 'photos.yaml'), 3);
      }
    }
    return folder;
  }

  it('transfer', () => {
    const folder = follow('transfer.md', (folder) => writeAuthorsTiny(join(folder, 'cmt_tiny.pth')));
    for (const run of ['transfer', 'head', 'all'])
      expect(existsSync(join(folder, `runs/${run}/best.safetensors`)), run).toBe(true);
  });

  it('small objects', () => {
    const folder = follow('small-objects.md');
    for (const name of ['stats.png', 'sheets/epoch1-batch0.jpg', 'found/detections.json'])
      expect(existsSync(join(folder, name)), name).toBe(true);
  });

  it('many classes', () => {
    expect(existsSync(join(follow('many-classes.md'), 'measured/confusion.png'))).toBe(true);
  });

  it('given results', () => {
    const folder = follow('given-results.md', (folder) => {
      cpSync(join(photos, 'annotations.json'), join(folder, 'val.json'));
      const [result] = codeBlocks('docs/recipes/given-results.md', 'json');
      writeFileSync(join(folder, 'results.json'), result!.replace('"image_id": 7', '"image_id": 1'));
    });
    expect(existsSync(join(folder, 'measured/confusion.png'))).toBe(true);
    const [program] = codeBlocks('docs/recipes/given-results.md', 'ts');
    writeFileSync(join(folder, 'measure.mts'), program!);
    expect(runShell('npx tsx measure.mts\n', folder).stdout).toMatch(/^[\d.e-]+ [\d.e-]+\n/);
  });
});
