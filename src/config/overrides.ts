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
  const problem = (message: string): Problem => ({ at: `--set ${text}`, message });
  let here: unknown = config;
  for (const [depth, key] of path.entries()) {
    const place = path.slice(0, depth).join('.');
    if (Array.isArray(here)) {
      const { length } = here;
      if (typeof key !== 'number' || key > length)
        return problem(`${place} is a list of ${length}: expected a number from 0 to ${length}`);
    } else if (!isRecord(here)) return problem(`${place} is ${JSON.stringify(here)}, which has no keys`);
    const section = here as Record<PropertyKey, unknown>;
    if (depth === path.length - 1) section[key] = value;
    else {
      if (!Object.hasOwn(section, key) || section[key] === null) section[key] = {};
      here = section[key];
    }
  }
  return undefined;
}
