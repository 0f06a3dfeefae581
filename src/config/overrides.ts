import type { Problem } from '../errors.js';
import { readYaml } from '../formats/yaml.js';
import { isRecord } from './jsonSchema.js';

/** A `--set`: `train.optimizer.lr=1e-3`. */
export interface Override {
  /** As it was written. */
  readonly text: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/**
 * Reads `a.b=c`, where `c` is YAML: `data.flip=0`, `model.neck.levels=[P3, P4, P5]`, `train.ema=null`,
 * `train.optimizer={name: sgd, lr: 0.01}`. A number in the path counts list elements from 0: `model.depths.2=4`.
 */
export function parseOverride(text: string): Override | Problem {
  const at = `--set ${text}`;
  const equals = text.indexOf('=');
  const keys = text
    .slice(0, Math.max(equals, 0))
    .split('.')
    .map((key) => key.trim());
  if (keys.some((key) => key === '' || key === '__proto__')) {
    return { at, message: 'expected KEY=VALUE, for instance train.epochs=3' };
  }
  const yaml = readYaml(text.slice(equals + 1));
  if ('problems' in yaml) return { at, message: `not YAML after "=": ${yaml.problems[0]!.message.split('\n')[0]}` };
  return { text, path: keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key)), value: yaml.value };
}

/** Puts the value where the path says, making sections that are not there. @returns what is in the way, if something is */
export function applyOverride(config: Record<string, unknown>, { text, path, value }: Override): Problem | undefined {
  let here: Record<PropertyKey, unknown> = config;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(here, key) || here[key] === null) here[key] = {};
    const next = here[key];
    if (!isRecord(next) && !Array.isArray(next)) {
      const message = `${path.slice(0, depth + 1).join('.')} is ${JSON.stringify(next)}, which has no keys`;
      return { at: `--set ${text}`, message };
    }
    here = next as Record<PropertyKey, unknown>;
  }
  here[path.at(-1)!] = value;
  return undefined;
}
