/**
 * Equality with the authors' network, number by number, on a small instance of it: see `expected.json` beside the data for
 * how the values were made (their PyTorch code, random weights, 64-pixel images).
 */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NamedArray, permuteAxes, toFloat32 } from '../../src/formats/namedArray.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { readStateDict } from '../../src/formats/stateDict.js';
import { Cmt, type CmtSpec } from '../../src/models/backbones/cmt.js';
import { cmtNames } from '../../src/models/checkpoints/cmtAuthorNames.js';
import { importAuthors } from '../../src/models/checkpoints/cmtCheckpoint.js';
import { CmtClassifier } from '../../src/models/classifiers/cmtClassifier.js';
import { softTargetCrossEntropy } from '../../src/models/losses.js';
import { inference, type Parameter } from '../../src/nn/module.js';
import { useEagerBackend } from '../../src/tensorflow/backend.js';
import { Graph } from '../../src/tensorflow/graph.js';
import { Program } from '../../src/tensorflow/program.js';
import { AdamW } from '../../src/train/optimizer.js';
import { TrainStep } from '../../src/train/step.js';
import { describeWithShared } from '../support/shared.js';
import { trainingContext } from '../support/trainingContext.js';

const mini: CmtSpec = {
  dims: [16, 32, 64, 128],
  stemChannels: 8,
  depths: [1, 2, 2, 1],
  ratio: 3.6,
  heads: [1, 2, 4, 8],
  reductions: [8, 4, 2, 1],
  inputSize: 64,
};
const names = [...cmtNames(mini.depths)];
/** ‖found - wanted‖ ÷ ‖wanted‖. */
function relativeError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += (found[i]! - wanted[i]!) ** 2;
    norm += wanted[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

function loadMini(file: string): { model: CmtClassifier; parameters: Map<string, Parameter> } {
  const { tensors } = importAuthors(file, readStateDict(file));
  const model = new CmtClassifier(new Cmt(mini), { classes: 10, headChannels: 64 });
  const parameters = new Map(model.parameters());
  expect([...tensors.keys()].sort()).toEqual([...parameters.keys()].sort());
  for (const [name, array] of tensors) parameters.get(name)!.value = toFloat32(array);
  return { model, parameters };
}

describeWithShared('parity with the authors', 'data/parity_cmt_mini', (folder) => {
  let expected: Map<string, NamedArray>;
  const program = new Program({ fuse: true }); // also what is too small to be compiled otherwise
  const training = trainingContext();

  beforeAll(() => {
    useEagerBackend();
    Graph.comparesFunctions = true; // every chain is recorded at each use, and has to be the same
    expected = readSafetensors(join(folder, 'expected.safetensors')).tensors;
  });
  afterAll(async () => {
    Graph.comparesFunctions = false;
    await program.dispose();
  });

  const values = (name: string) => toFloat32(expected.get(name)!);
  const input = () => ({ data: values('input_nhwc'), shape: expected.get('input_nhwc')!.shape });
  const targets = () => {
    const labels = expected.get('labels')!.data as BigInt64Array;
    const data = new Float32Array(labels.length * 10);
    for (const [i, label] of labels.entries()) data[i * 10 + Number(label)] = 1;
    return { data, shape: [labels.length, 10] };
  };
  /** The authors' value of a parameter (with a prefix), in our layout. */
  const authors = (prefix: string, ours: string) => {
    const pair = names.find((candidate) => candidate.ours === ours)!;
    const array = expected.get(`${prefix}.${pair.theirs}`);
    if (array === undefined) return undefined;
    const data = toFloat32(array);
    return pair.axes ? permuteAxes(data, array.shape, pair.axes) : data;
  };

  test.each(['checkpoint.pth', 'checkpoint.safetensors'])(
    '%s: logits and the four maps, eager and traced',
    async (file) => {
      const { model } = loadMini(join(folder, file));
      const forward = (x: tf.Tensor) => {
        const [a, b, c, d] = model.backbone.forward(x as tf.Tensor4D, inference);
        return { a, b, c, d, logits: model.forward(x as tf.Tensor4D, inference) };
      };
      const traced = await program.compile(({ x }: Record<'x', tf.Tensor>) => forward(x))({ x: input() });
      const eager = tf.tidy(() => {
        const found = forward(tf.tensor(input().data, [...input().shape]));
        return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, tensor.dataSync()]));
      });
      for (const [name, wanted] of [
        ['a', 'stage_a_nhwc'],
        ['b', 'stage_b_nhwc'],
        ['c', 'stage_c_nhwc'],
        ['d', 'stage_d_nhwc'],
        ['logits', 'logits_eval'],
      ] as const) {
        expect(relativeError(traced[name].data as Float32Array, values(wanted)), `traced ${name}`).toBeLessThan(1e-4);
        expect(relativeError(eager[name]!, values(wanted)), `eager ${name}`).toBeLessThan(1e-4);
      }
    },
  );

  // These two were saved after the authors' AdamW step.
  test.each([
    ['legacy.pth', 1e-4],
    ['bf16.pth', 0.03], // eight bits of mantissa in every weight
  ])('%s: logits of the next step, in training mode', async (file, tolerance) => {
    const { model } = loadMini(join(folder, file));
    const forward = (x: tf.Tensor) => ({ logits: model.forward(x as tf.Tensor4D, training) });
    const { logits } = await program.compile(({ x }: Record<'x', tf.Tensor>) => forward(x))({ x: input() });
    expect(relativeError(logits.data as Float32Array, values('logits_after_step_train_mode'))).toBeLessThan(tolerance);
    const eager = tf.tidy(() => forward(tf.tensor(input().data, [...input().shape])).logits.dataSync());
    expect(relativeError(eager, values('logits_after_step_train_mode'))).toBeLessThan(tolerance);
  });

  test('training: logits, loss and every gradient, eager and traced', async () => {
    const { model, parameters } = loadMini(join(folder, 'checkpoint.pth'));
    const trained = [...parameters].filter(([, parameter]) => parameter.trainable);
    const differentiate = (x: tf.Tensor, t: tf.Tensor) => {
      const { value, grads } = tf.valueAndGrads(() =>
        softTargetCrossEntropy(model.forward(x as tf.Tensor4D, training), t as tf.Tensor2D),
      )(trained.map(([, parameter]) => parameter.read()));
      return { loss: value, ...Object.fromEntries(trained.map(([name], i) => [name, grads[i]!])) } as Record<
        string,
        tf.Tensor
      >;
    };
    const traced = await program.compile(({ x, t }: Record<'x' | 't', tf.Tensor>) => differentiate(x, t))({
      x: input(),
      t: targets(),
    });
    const eager = tf.tidy(() => {
      const found = differentiate(
        tf.tensor(input().data, [...input().shape]),
        tf.tensor(targets().data, targets().shape),
      );
      return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, tensor.dataSync()]));
    });
    const { logits } = await program.compile(({ x }: Record<'x', tf.Tensor>) => ({
      logits: model.forward(x as tf.Tensor4D, training),
    }))({
      x: input(),
    });
    expect(relativeError(logits.data as Float32Array, values('logits_train'))).toBeLessThan(1e-4);
    expect(traced.loss!.data[0]).toBeCloseTo(values('loss_train')[0]!, 4);
    expect(Math.abs(eager.loss![0]! - Number(traced.loss!.data[0]))).toBeLessThan(1e-5);
    let checked = 0;
    for (const [name] of trained) {
      const wanted = authors('grad', name);
      if (wanted === undefined) continue;
      const norm = Math.sqrt(wanted.reduce((sum, v) => sum + v * v, 0));
      if (norm < 1e-6) continue; // biases before a normalisation: zero but for rounding, in both
      expect(relativeError(traced[name]!.data as Float32Array, wanted), `traced ${name}`).toBeLessThan(1e-3);
      expect(relativeError(eager[name]!, wanted), `eager ${name}`).toBeLessThan(1e-3);
      checked++;
    }
    expect(checked).toBeGreaterThan(120);
  });

  test('one AdamW step: loss, running statistics and parameters, then the logits', async () => {
    const { model, parameters } = loadMini(join(folder, 'checkpoint.pth'));
    const step = new TrainStep(program, {
      parameters: [...parameters],
      loss: ({ x, t }: Record<'x' | 't', tf.Tensor>, ctx) => ({
        entropy: softTargetCrossEntropy(model.forward(x as tf.Tensor4D, ctx), t as tf.Tensor2D),
      }),
      optimizer: new AdamW(parameters, { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.05, decays: () => true }),
      clipNorm: null,
      accumulate: 1,
      ema: null,
      seed: 0,
    });
    const result = await step.run({ x: input(), t: targets() }, { learningRate: 1e-3, t: 1, draw: 0 });
    expect(result).toMatchObject({ finite: true });
    expect(result.loss).toBeCloseTo(values('loss_train')[0]!, 4);
    await program.pull(parameters.values());
    let checked = 0;
    for (const [name, parameter] of parameters) {
      const wanted = authors('after', name);
      if (wanted === undefined) continue;
      expect(relativeError(parameter.value, wanted), name).toBeLessThan(1e-4);
      checked++;
    }
    expect(checked).toBeGreaterThan(30);
    const forward = program.compile(({ x }: Record<'x', tf.Tensor>) => ({
      logits: model.forward(x as tf.Tensor4D, training),
    }));
    const { logits } = await forward({ x: input() });
    expect(relativeError(logits.data as Float32Array, values('logits_after_step_train_mode'))).toBeLessThan(1e-4);
  });
});
