import { type ForwardContext, inference } from '../../src/nn/module.js';

/** Training as in a step, statistics included; random numbers are refused unless they are given. */
export const trainingContext = (uniform: ForwardContext['uniform'] = inference.uniform): ForwardContext => ({
  training: true,
  uniform,
  prepared: (_, value) => value(),
  update: (statistic, value) => statistic.assign(value),
});
