import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { exportSavedModel, openSavedModel } from '../../src/export/savedModel/exportSavedModel.js';
import { FrozenFunction } from '../../src/tensorflow/frozen.js';
import { SavedModel } from '../../src/tensorflow/savedModel.js';
import { leftOver } from '../support/leftOver.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { tinyClassifier } from '../support/tinyModels.js';

const folder = temporaryFolder();
const nothing = { graphs: 0, sessions: 0, tensors: 0 };
const vector = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });
const two = { dtype: 'float32', shape: [2] } as const;

test('a frozen function runs, and leaves nothing', async () => {
  const left = await leftOver(async () => {
    const sum = new FrozenFunction(({ a, b }) => ({ y: tf.add(a!, b!) }), { a: two, b: two });
    const { y } = await sum.run({ a: vector(1, 2), b: vector(10, 20) });
    expect([...(y!.data as Float32Array)]).toEqual([11, 22]);
    sum.dispose();
  });
  expect(left).toEqual(nothing);
});

test('a function that throws while it is recorded leaves nothing', async () => {
  const stops = () => {
    throw new Error('stop');
  };
  expect(await leftOver(() => expect(() => new FrozenFunction(stops, { a: two })).toThrow('stop'))).toEqual(nothing);
});

test('inputs of which one is wrong, and an output that is not there, leave nothing', async () => {
  const left = await leftOver(async () => {
    const sum = new FrozenFunction(({ a, b }) => ({ y: tf.add(a!, b!) }), { a: two, b: two });
    const wrong = { data: new Float32Array(3), shape: [2] };
    await expect(sum.run({ a: vector(1, 2), b: wrong })).rejects.toThrow('do not fill the shape');
    const evaluated = sum.evaluate([{ node: 'nowhere', index: 0 }], { a: vector(1, 2) });
    await expect(evaluated).rejects.toThrow('no operation nowhere');
    sum.dispose();
  });
  expect(left).toEqual(nothing);
});

test('a folder without a SavedModel leaves no graph', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const none = new Map();
  expect(await leftOver(() => expect(() => new SavedModel(empty, none, none)).toThrow('SavedModel'))).toEqual(nothing);
});

test('a SavedModel that is asked for an output that it has not leaves no tensor', async () => {
  const classifier = tinyClassifier();
  const path = join(folder, 'classifier');
  await exportSavedModel(classifier, path, { batch: 1 });
  const model = openSavedModel(path, ['logits', 'nowhere']);
  const images = { data: new Uint8Array(64 * 64 * 3), shape: [1, 64, 64, 3] };
  const left = await leftOver(() => expect(model.run({ images })).rejects.toThrow('no operation nowhere'));
  expect(left).toEqual(nothing);
  await model.dispose();
  await classifier.dispose();
});
