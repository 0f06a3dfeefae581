import type { z } from 'zod';
import { configJsonSchema, isRecord, type JsonSchema, pathsOfKey, schemasAt } from './jsonSchema.js';
import { nearNames } from './suggest.js';

type Issue = z.core.$ZodIssue;

/** A problem with the place that it is at, before that is put in words. */
export interface PlacedProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Puts what zod found wrong with `config` in our words: what was expected, what came, and which name was meant. */
export function describeIssues(issues: readonly Issue[], config: unknown): PlacedProblem[] {
  const schema = configJsonSchema();
  return issues.flatMap((issue) => describe(issue, config, schema));
}

function describe(issue: Issue, config: unknown, schema: JsonSchema): PlacedProblem[] {
  const { path } = issue;
  const value = valueAt(config, path);
  const one = (message: string): PlacedProblem[] => [{ path, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, path, config, schema) }));
    case 'invalid_union': {
      if (issue.errors.length === 0) {
        const written = value === undefined ? misspelt(path, config) : '';
        return one(expectedOneOf(alternatives(schema, config, path), value) + written);
      }
      const inside = issue.errors.find((errors) => errors.every((error) => error.path.length > 0)) ?? issue.errors[0]!;
      return inside.flatMap((error) => describe({ ...error, path: [...path, ...error.path] } as Issue, config, schema));
    }
    case 'invalid_value':
      return one(expectedOneOf(issue.values, value));
    case 'invalid_type':
      return one(
        value === undefined
          ? `missing: expected ${kinds[issue.expected] ?? issue.expected}`
          : wrongKind(issue.expected, value),
      );
    case 'too_small':
      return one(outOfRange(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum, value));
    case 'too_big':
      return one(outOfRange(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum, value));
    case 'not_multiple_of':
      return one(`expected a multiple of ${issue.divisor}, found ${show(value)}`);
    default:
      return one(issue.message);
  }
}

function unknownKey(key: string, path: readonly PropertyKey[], config: unknown, schema: JsonSchema): string {
  const known = schemasAt(schema, config, path).flatMap(({ properties }) => Object.keys(properties ?? {}));
  const near = nearNames(key, known);
  if (near.length > 0) return `unknown key; did you mean ${near.join(' or ')}?`;
  const elsewhere = pathsOfKey(schema, config, key);
  if (elsewhere.length > 0) return `unknown key here; there is ${elsewhere.join(' and ')}`;
  return `unknown key; known here: ${[...new Set(known)].join(', ')}`;
}

/** Whether a key beside the missing one is likely to be it. */
function misspelt(path: readonly PropertyKey[], config: unknown): string {
  const section = valueAt(config, path.slice(0, -1));
  const [near] = isRecord(section) ? nearNames(String(path.at(-1)), Object.keys(section)) : [];
  return near === undefined ? '' : `; is ${near} meant for it?`;
}

/** The values that a deciding key (`task`, `name`) may have. */
function alternatives(schema: JsonSchema, config: unknown, path: readonly PropertyKey[]): unknown[] {
  return [
    ...new Set(schemasAt(schema, config, path).flatMap(({ const: value }) => (value === undefined ? [] : [value]))),
  ];
}

function expectedOneOf(values: readonly unknown[], value: unknown): string {
  const names = values.map(String);
  const expected = names.length === 1 ? names[0] : `one of ${names.join(', ')}`;
  if (value === undefined) return `missing: expected ${expected}`;
  const near = typeof value === 'string' ? nearNames(value, names) : [];
  return `expected ${expected}, found ${show(value)}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`;
}

const kinds: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a section with keys',
};

function wrongKind(expected: string, value: unknown): string {
  // YAML 1.2 reads yes, no, on and off as texts
  const hint = expected === 'boolean' && typeof value === 'string' && /^(yes|no|on|off)$/i.test(value);
  return `expected ${kinds[expected] ?? expected}, found ${show(value)}${hint ? ' (a text in YAML 1.2)' : ''}`;
}

function outOfRange(origin: string, relation: string, limit: number | bigint, value: unknown): string {
  if (origin === 'array') return `expected ${relation} ${limit} values, found ${(value as unknown[]).length}`;
  if (origin === 'string') return `expected a text that is not empty`;
  return `expected ${relation} ${limit}, found ${show(value)}`;
}

/** A value as one would write it, cut to a readable length. */
function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isRecord(here) && !Array.isArray(here)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
}
