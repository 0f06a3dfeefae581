import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateShapes } from '../../src/data/shapes/generate.js';
import { saveModel } from '../../src/models/checkpoints/modelFile.js';
import { exportModel } from '../../src/run/export.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyDetector } from '../support/tinyModels.js';

test('a detector as ONNX on a val set: the twelve numbers before and after, with float16 weights too; a SavedModel has none', async () => {
  const folder = temporaryFolder();
  const { splits } = await generateShapes(join(folder, 'data'), { train: 1, val: 4 });
  const { annotations, images } = splits.val;
  const detector = tinyDetector();
  const coco = JSON.parse(readFileSync(annotations, 'utf8'));
  coco.categories = detector.categories;
  for (const annotation of coco.annotations) annotation.category_id = 1 + (annotation.category_id % 3);
  writeFileSync(annotations, JSON.stringify(coco));
  const checkpoint = join(folder, 'tiny.safetensors');
  await saveModel(checkpoint, detector.model, detector.description);
  await detector.dispose();
  const options = { checkpoint, val: { annotations, images } };
  const exported = (float16: boolean) =>
    exportModel({ ...options, format: 'onnx', out: join(folder, `${float16}.onnx`), float16 });
  const { measured } = await exported(false);
  expect(Object.keys(measured!.own)).toHaveLength(12);
  expect(measured!.own.AR100).toBeGreaterThan(0);
  for (const [name, value] of Object.entries(measured!.own))
    expect(value === null || Math.abs(value - { ...measured!.exported }[name as 'AP']!) < 1e-3, name).toBe(true);
  const half = (await exported(true)).measured!;
  expect(half.own).toEqual(measured!.own);
  expect(Math.abs(half.exported.AR100! - half.own.AR100!)).toBeLessThan(0.02);
  await expect(exportModel({ ...options, format: 'savedmodel', out: join(folder, 'saved') })).rejects.toThrow(
    'is not measured on a val set',
  );
});
