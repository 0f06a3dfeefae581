import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportSavedModel, openSavedModel } from '../../../src/export/savedModel/exportSavedModel.js';
import { verify } from '../../../src/export/verify.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { tinyClassifier, tinyDetector } from '../../support/tinyModels.js';

const folder = temporaryFolder();

const picture = {
  data: Uint8Array.from({ length: 90 * 70 * 3 }, (_, i) => 128 + 120 * Math.sin(i / 17) * Math.cos(i / 400)),
  width: 90,
  height: 70,
};

/** A Python with TensorFlow, as the environment names it. */
const python = process.env.CMTDET_TEST_PYTHON;

test('a detector with padding, for any number of pictures: TensorFlow loads it, and each output is as in cmtdet', async () => {
  const detector = tinyDetector('{ name: retinanet, convs: 1 }');
  const path = join(folder, 'detector');
  const size = { height: 70, width: 90 };
  const { files, outputs } = await exportSavedModel(detector, path, { size });
  expect(files).toEqual([join(path, 'saved_model.pb')]);
  const model = openSavedModel(path, outputs);
  for (const batch of [1, 3]) {
    const found = await verify(detector, model, [picture], { size, batch, pixels: 'uint8' });
    expect(found.map(({ output }) => output)).toEqual([...outputs]);
    for (const { largest, of } of found) expect(largest / of).toBeLessThan(1e-4);
  }
  await model.dispose();
  await detector.dispose();
});

test('a classifier, one picture at a time; signature and tag are those of TensorFlow Serving', async () => {
  const classifier = tinyClassifier();
  const path = join(folder, 'classifier');
  const { outputs } = await exportSavedModel(classifier, path, { batch: 1, pixels: 'float32' });
  const model = openSavedModel(path, outputs);
  const [logits] = await verify(classifier, model, [picture], { size: undefined, batch: 1, pixels: 'float32' });
  expect(logits!.largest / logits!.of).toBeLessThan(1e-4);
  await model.dispose();
  await classifier.dispose();
  const text = readFileSync(join(path, 'saved_model.pb')).toString('latin1');
  for (const name of ['serve', 'serving_default', 'tensorflow/serving/predict']) expect(text).toContain(name);
});

test.skipIf(python === undefined)(
  'Python TensorFlow (CMTDET_TEST_PYTHON): the signature runs, its batch is open',
  () => {
    const script = `
import sys, tensorflow as tf
f = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
print(f(images=tf.zeros([2, 70, 90, 3], tf.uint8))["logits_p3"].shape)`;
    const printed = execFileSync(python!, ['-c', script, join(folder, 'detector')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(printed.toString().trim()).toBe('(2, 1296, 3)'); // 12 · 12 cells of 8 pixels, 9 anchors, 3 classes
  },
  120_000,
);
