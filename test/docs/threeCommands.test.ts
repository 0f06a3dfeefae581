/**
 * README.md, "With your own data": 200 pictures in the forms that people have, without a part to measure on, to a measured detector and
 * drawn pictures by the three commands and no edit. The config is written for eight minutes in place of twenty. CMTDET_SLOW=1.
 */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { MetricsLog } from '../../src/train/metricsLog.js';
import { writeOwnData } from '../support/ownDataFolders.js';
import { cloneIn, codeBlocks, runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const pictures = 200;
const [make, train, predict] = codeBlocks('README.md', 'sh')
  .find((block) => block.startsWith('npx cmtdet new'))!
  .trim()
  .split('\n');

/** The comment after the command stays behind it. */
const withMinutes = (command: string) => command.replace('--out photos.yaml', '--out photos.yaml --minutes 8');

describe.runIf(process.env.CMTDET_SLOW)('three commands (CMTDET_SLOW=1)', { timeout: 1_200_000 }, () => {
  let shapes: Awaited<ReturnType<typeof generateShapes>>['splits']['train'];
  beforeAll(async () => {
    shapes = (await generateShapes(join(temporaryFolder(), 'shapes'), { train: pictures, val: 1 })).splits.train;
  });

  it.each(['yolo', 'voc', 'labelme', 'coco'] as const)('%s', (form) => {
    const folder = temporaryFolder();
    cloneIn(folder);
    const photos = join(folder, 'photos');
    if (form === 'coco') {
      cpSync(shapes.images, photos, { recursive: true });
      cpSync(shapes.annotations, join(photos, 'annotations.json'));
    } else writeOwnData(form, parseCoco(shapes.annotations), shapes.images, photos, pictures);

    const made = runShell(`${withMinutes(make!)}\n`, folder).stdout;
    expect(made).toMatch(/: (\d+) pictures to learn from, (\d+) to measure on \(split by class/);
    const trained = runShell(`${train}\n`, folder).stdout;
    expect(trained).toContain('checkpoints: runs/photos/last.safetensors, runs/photos/best.safetensors');
    const measured = new MetricsLog(join(folder, 'runs/photos/metrics.jsonl')).measured('val');
    expect(Math.max(...measured.map(({ AP50 }) => AP50 ?? 0))).toBeGreaterThan(0.3);
    runShell(`${predict}\n`, folder);
    expect(
      readdirSync(join(folder, 'found'), { recursive: true }).filter((name) => /\.jpg$/.test(String(name))),
    ).toHaveLength(pictures);
  });
});
