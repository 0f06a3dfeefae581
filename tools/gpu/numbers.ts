/**
 * What fresh networks make of made-up pictures, in the process that it starts in: npx tsx tools/gpu/numbers.ts JOB
 *
 * JOB is JSON: { network, batch, side, engine }. Weights and pictures are drawn from fixed seeds, so that two devices have the same
 * to do. Prints a line of JSON: the results as one list.
 */

import type * as tf from '@tensorflow/tfjs-core';
import type { Engine } from '../../src/config/schema.js';
import { networkOf } from '../../src/models/build.js';
import { inference } from '../../src/nn/module.js';
import { Random } from '../../src/random.js';
import { findModel } from '../../src/run/namedModel.js';
import { Program } from '../../src/tensorflow/program.js';
import { engineOptions } from '../../src/train/engineOptions.js';

/** Numbers of each map that are compared: enough to tell, few enough to print. */
const compared = 2000;

export interface NumbersJob {
  readonly network: string;
  readonly batch: number;
  readonly side: number;
  readonly engine: Partial<Engine>;
}

const { network, batch, side, engine }: NumbersJob = JSON.parse(process.argv[2]!);
const { config, classes } = await findModel(network);
const model = networkOf(config, classes);
const random = new Random(3);
for (const [name, parameter] of model.parameters()) {
  // Nothing at the value that it starts with: a bias of 0 would hide what a device makes of it.
  const spread = /variance$/.test(name) ? 0 : 0.02;
  parameter.value = parameter.value.map((value) => value + spread * random.normal());
}
const program = new Program(engineOptions({ ...config.engine, ...engine }));
const run = program.compile(({ images }: Record<'images', tf.Tensor>) =>
  Object.fromEntries(model.backbone.forward(images as tf.Tensor4D, inference).map((map, i) => [`c${i + 2}`, map])),
);
const data = Float32Array.from({ length: batch * side * side * 3 }, () => random.normal());
const maps = await run({ images: { data, shape: [batch, side, side, 3] } });
const values = Object.values(maps).flatMap(({ data: all }) => {
  const every = Math.ceil(all.length / compared);
  return Array.from({ length: Math.floor(all.length / every) }, (_, i) => Number(all[i * every]));
});
await program.dispose();
console.log(JSON.stringify(values));
