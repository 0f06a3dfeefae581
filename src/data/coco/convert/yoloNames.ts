import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatasetError, type Problem } from '../../../errors.js';
import { readText } from '../../../formats/text.js';
import { readYaml } from '../../../formats/yaml.js';
import { isObject } from './readJson.js';

/** What `data.yaml` says about labels. */
export interface YoloNames {
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  /** Key points of an object, and numbers of each (x, y and perhaps visibility); undefined where objects have none. */
  readonly keypoints?: readonly [count: number, numbers: number];
}

const usualNames = ['data.yaml', 'data.yml', 'dataset.yaml', 'classes.txt', 'obj.names', 'classes.names'];

/** The file of class names that lies with labels or up to two folders above, if there is one. */
export function findYoloNames(labels: string): string | undefined {
  const folder = resolve(labels);
  const folders = [folder, dirname(folder), dirname(dirname(folder))];
  return folders.flatMap((path) => usualNames.map((name) => join(path, name))).find((path) => existsSync(path));
}

/**
 * Reads `data.yaml` (names as a list, or by number), or a text file with a name a line.
 *
 * @throws DatasetError with line numbers
 */
export function readYoloNames(path: string): YoloNames {
  const text = textOf(path);
  if (!/\.ya?ml$/i.test(path)) {
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const names = lines.filter((line) => line !== '');
    if (names.length === 0)
      throw new DatasetError(path, [{ at: 'names', message: 'expected a name a line, found none' }]);
    return { categories: names.map((name, id) => ({ id, name })) };
  }
  const yaml = readYaml(text);
  if ('problems' in yaml) throw new DatasetError(path, yaml.problems);
  const data = isObject(yaml.value) ? yaml.value : {};
  const problems: Problem[] = [];
  const line = (key: string) => (key in data ? `${key} (line ${yaml.lineOf([key])})` : key);
  const { names, kpt_shape: shape } = data;
  if (!names || typeof names !== 'object' || Object.keys(names).length === 0) {
    const config = 'task' in data ? '; this file is a config of cmtdet, which "cmtdet train" takes as it is' : '';
    problems.push({ at: line('names'), message: `expected a list of names, or names by number${config}` });
  }
  const categories = Object.entries(names ?? {}).map(([id, name]) => ({ id: Number(id), name: String(name).trim() }));
  for (const { id, name } of categories) {
    if (!Number.isInteger(id))
      problems.push({ at: line('names'), message: `expected the number of a class before ${name}` });
  }
  const first = new Map<string, number>();
  for (const { id, name } of categories) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, id);
    else problems.push({ at: line('names'), message: `classes ${earlier} and ${id} are both called ${name}` });
  }
  const isShape = Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isInteger(n) && n > 0);
  if (shape !== undefined && shape !== null && !(isShape && (shape[1] === 2 || shape[1] === 3))) {
    problems.push({ at: line('kpt_shape'), message: `expected [key points, 2 or 3], found ${JSON.stringify(shape)}` });
  }
  if (problems.length > 0) throw new DatasetError(path, problems);
  return { categories, ...(isShape ? { keypoints: shape as [number, number] } : {}) };
}

function textOf(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    throw new DatasetError(path, [{ at: 'file', message: (error as Error).message }]);
  }
}
