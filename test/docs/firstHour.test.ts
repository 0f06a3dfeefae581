/** A stranger's first hour in minutes: a folder of 200 pictures in a form that people have, three commands, nothing edited (CMTDET_SLOW=1). */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCoco } from '../../src/data/coco/parseCoco.js';
import { generateShapes, type ShapesFiles } from '../../src/data/shapes/generate.js';
import { MetricsLog } from '../../src/train/metricsLog.js';
import { type OwnForm, writeOwnData } from '../support/ownDataFolders.js';
import { runShell } from '../support/shellBlocks.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const pictures = 200;

describe.runIf(process.env.CMTDET_SLOW)('200 pictures without val: new, train, predict', () => {
  let shapes: ShapesFiles['splits']['train'];
  beforeAll(async () => {
    shapes = (await generateShapes(join(temporaryFolder(), 'shapes'), { train: pictures, val: 1 })).splits.train;
  });

  it.each(['yolo', 'voc', 'labelme', 'coco'] as const)(
    '%s: a detector that finds, measured, and pictures to look at',
    {
      timeout: 900_000,
    },
    (form) => {
      const folder = temporaryFolder();
      const photos = join(folder, 'photos');
      if (form === 'coco') {
        cpSync(shapes.images, photos, { recursive: true });
        cpSync(shapes.annotations, join(photos, 'annotations.json'));
      } else writeOwnData(form satisfies OwnForm, parseCoco(shapes.annotations), shapes.images, photos, pictures);
      const { stdout } = runShell(
        `npx cmtdet new photos --out photos.yaml --minutes 4
npx cmtdet train photos.yaml --run runs/photos
npx cmtdet predict runs/photos/best.safetensors photos --out found
`,
        folder,
      );
      expect(stdout).toContain('next: npx cmtdet train photos.yaml');
      const measured = new MetricsLog(join(folder, 'runs/photos/metrics.jsonl')).measured('val').at(-1)!;
      expect(measured.AP50).toBeGreaterThan(0.5);
      const drawn = readdirSync(join(folder, 'found'), { recursive: true, encoding: 'utf8' });
      expect(drawn.filter((name) => name.endsWith('.jpg') || name.endsWith('.png'))).toHaveLength(pictures);
    },
  );
});
