import { z } from 'zod';
import { Config } from './schema.js';

/** The parts of JSON Schema that a config's has. */
export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly [limit: string]: unknown;
}

/** JSON Schema of a config file, by which editors check it, complete keys and show what they mean. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(Config, {
    io: 'input', // keys with defaults may be left out
    target: 'draft-07', // what editors' YAML plug-ins know best
    override: ({ jsonSchema }) => {
      // zod's limits of exact integers, which only make a hover text longer
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return { title: 'cmtdet config', ...schema } as JsonSchema;
}

/**
 * The schemas that may hold at `path` in `value`: several where a key decides between forms (`task`, `name`) and is itself
 * wrong, none where the path leads nowhere.
 */
export function schemasAt(schema: JsonSchema, value: unknown, path: readonly PropertyKey[]): JsonSchema[] {
  const forms = formsFor(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return forms;
  const child = isRecord(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return forms.flatMap((form) => {
    const below = typeof key === 'number' ? (itemsAt(form, key) ?? form.items) : form.properties?.[String(key)];
    return below ? schemasAt(below, child, rest) : [];
  });
}

/** All paths of a schema that end in `key`, as `train.optimizer.lr`, each once. */
export function pathsOfKey(schema: JsonSchema, value: unknown, key: string): string[] {
  const found = new Set<string>();
  const visit = (at: JsonSchema, here: unknown, path: string) => {
    for (const form of formsFor(at, here)) {
      for (const [name, child] of Object.entries(form.properties ?? {})) {
        const childPath = path ? `${path}.${name}` : name;
        if (name === key) found.add(childPath);
        visit(child, isRecord(here) ? here[name] : undefined, childPath);
      }
    }
  };
  visit(schema, value, '');
  return [...found];
}

/** Draft 7 writes a tuple's items as an array under `items`. */
function itemsAt(schema: JsonSchema, index: number): JsonSchema | undefined {
  return Array.isArray(schema.items) ? (schema.items[index] as JsonSchema | undefined) : undefined;
}

/** The alternatives of a schema that agree with what `value` says about itself; all of them, if none does. */
function formsFor(schema: JsonSchema, value: unknown): JsonSchema[] {
  const forms = (schema.oneOf ?? schema.anyOf ?? []).flatMap((form) => formsFor(form, value));
  if (forms.length === 0) return [schema];
  const agreeing = forms.filter((form) =>
    Object.entries(form.properties ?? {}).every(
      ([key, { const: constant }]) => constant === undefined || (isRecord(value) && value[key] === constant),
    ),
  );
  return agreeing.length > 0 ? agreeing : forms;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
