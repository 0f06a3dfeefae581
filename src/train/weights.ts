/** The variables of a run: the model's, the optimizer's, and the running average, between session, host and disk. */

import type { Config } from '../config/schema.js';
import { NonFiniteError } from '../errors.js';
import type { Module, Parameter } from '../nn/module.js';
import type { Program } from '../tensorflow/program.js';
import type { Variable } from '../tensorflow/variable.js';
import { copyFromFirst } from './averaging.js';
import { Ema } from './ema.js';
import { AdamW, type Optimizer, Sgd } from './optimizer.js';
import type { Workers } from './workers.js';

type OptimizerConfig = Config['train']['optimizer'];

export class Weights {
  readonly parameters: readonly [name: string, parameter: Parameter][];
  readonly optimizer: Optimizer;
  readonly ema: Ema | null;

  constructor(model: Module, config: OptimizerConfig, emaDecay: number | null) {
    this.parameters = [...model.parameters()];
    this.optimizer = makeOptimizer(this.parameters, config);
    this.ema = emaDecay === null ? null : new Ema(this.parameters, emaDecay);
  }

  /** All variables by the names that the state file has. */
  *all(): Generator<[name: string, variable: Variable]> {
    for (const [name, parameter] of this.parameters) yield [`model/${name}`, parameter];
    for (const [name, variable] of this.optimizer.state()) yield [`optimizer/${name}`, variable];
    for (const [name, variable] of this.ema ?? []) yield [`ema/${name}`, variable];
  }

  /**
   * Brings the session's values to the host.
   *
   * @throws NonFiniteError naming the first weight or statistic that is not finite
   */
  async pull(program: Program): Promise<void> {
    await program.pull([...this.all()].map(([, variable]) => variable));
    for (const [name, { value }] of this.all()) {
      const bad = value.findIndex((number) => !Number.isFinite(number));
      if (bad >= 0)
        throw new NonFiniteError(
          `${name}[${bad}] is ${value[bad]}: weights or statistics are no longer finite; nothing was saved of them`,
        );
    }
  }

  push(program: Program): Promise<void> {
    return program.push([...this.all()].map(([, variable]) => variable));
  }

  /** Has all workers begin with what worker 0 has in its session. */
  async copyFromFirst(program: Program, workers: Workers): Promise<void> {
    const variables = [...this.all()].map(([, variable]) => variable);
    const copy = program.compile(() => {
      copyFromFirst(variables, workers.gradients);
      return {};
    });
    await workers.during(copy({}));
  }

  /** The weights that are measured and saved, by parameter name: the running average where there is one. */
  measured(): Map<string, Float32Array> {
    return new Map(this.parameters.map(([name, parameter]) => [name, (this.ema?.of(parameter) ?? parameter).value]));
  }
}

function makeOptimizer(parameters: Iterable<[string, Parameter]>, config: OptimizerConfig): Optimizer {
  const { weightDecay, decayNormAndBias, decayPositionBias } = config;
  const decays = (name: string, { shape }: Parameter) => {
    if (/positionBias/.test(name)) return decayPositionBias;
    return decayNormAndBias || shape.length > 1;
  };
  const decay = { weightDecay, decays };
  return config.name === 'adamw'
    ? new AdamW(parameters, { ...decay, betas: config.betas, epsilon: config.eps })
    : new Sgd(parameters, { ...decay, momentum: config.momentum, nesterov: config.nesterov });
}
