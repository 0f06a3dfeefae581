import type { JsonSchema } from '../src/config/jsonSchema.js';

const introduction = `# Configuration

One YAML file says all that decides a run; nothing is inherited. The first key, \`task\`, decides which others there are.
An unknown key is an error. \`--set a.b=c\` changes a key on the command line; \`c\` is YAML too:
\`--set train.epochs=3 --set 'train.optimizer={name: sgd, lr: 0.01}'\`.

Relative paths start at the working folder of the process. The run folder gets \`config.yaml\`, the same with all defaults
filled in. The first line of the files in \`configs/\` lets editors check them, complete keys and show what they mean.

This page is made from the schema (\`npm run config-schema\`). "required" stands where there is no default.
`;

/** The page that lists every key of a config: what it may be, its default, and what it does. */
export function configReference(schema: JsonSchema): string {
  const tasks = schema.oneOf ?? [];
  return [introduction, ...tasks.flatMap((task) => taskSections(task))].join('\n');
}

function taskSections(task: JsonSchema): string[] {
  const { task: name, ...sections } = task.properties ?? {};
  return [
    `## \`task: ${String(name?.const)}\`\n\n${name?.description}\n`,
    ...Object.entries(sections).map(
      ([key, section]) =>
        `### ${key}\n\n| key | values | default | |\n|---|---|---|---|\n${rows(section).map(line).join('\n')}\n`,
    ),
  ];
}

interface Row {
  readonly key: string;
  /** What follows the key: values, default, description. */
  readonly text: string;
  /** The forms of a section that have the key (`cosine`, `step`); empty where all do. */
  readonly forms: readonly string[];
}

/** The rows of a section and of all below it, with dotted names. */
function rows(section: JsonSchema, prefix = ''): Row[] {
  return Object.entries(section.properties ?? {}).flatMap(([name, value]) => {
    const key = `${prefix}${name}`;
    const fallback = 'default' in value ? show(value.default) : section.required?.includes(name) ? 'required' : '';
    const text = `${values(value)} | ${fallback} | ${value.description ?? ''}`;
    return [{ key, text, forms: [] }, ...rowsBelow(value, `${key}.`)];
  });
}

function rowsBelow(value: JsonSchema, prefix: string): Row[] {
  if (value.properties) return rows(value, prefix);
  const sections = formsOf(value).filter(({ properties }) => properties !== undefined);
  const merged = new Map<string, Row>();
  for (const { properties, ...others } of sections) {
    const { name, ...keys } = properties ?? {};
    for (const row of rows({ ...others, properties: keys }, prefix)) {
      const same = merged.get(row.key + row.text);
      const forms = name?.const === undefined ? [] : [...(same?.forms ?? []), String(name.const)];
      merged.set(row.key + row.text, { ...row, forms });
    }
  }
  return [...merged.values()].map((row) => (row.forms.length === sections.length ? { ...row, forms: [] } : row));
}

/** The alternatives of a value, also where one of them (beside null) has alternatives itself. */
function formsOf(value: JsonSchema): readonly JsonSchema[] {
  return (value.oneOf ?? value.anyOf ?? []).flatMap((form) => form.oneOf ?? [form]);
}

function line({ key, text, forms }: Row): string {
  return `| \`${key}\`${forms.length > 0 ? ` (${forms.join(', ')})` : ''} | ${text} |`;
}

function values(value: JsonSchema): string {
  if (value.const !== undefined) return String(value.const);
  if (value.enum) return value.enum.map(String).join(', ');
  if (value.properties) return 'section';
  const forms = value.oneOf ?? value.anyOf;
  if (forms) {
    const names = forms.map((form) => form.properties?.name?.const);
    if (names.every((name) => name !== undefined)) return `section; \`name\`: ${names.join(', ')}`;
    return forms.map(values).join(', or ');
  }
  const type = [value.type].flat().join(' or ').replace('array', 'list').replace('string', 'text');
  return type.includes('integer') || type.includes('number') ? `${type}${range(value)}` : type;
}

function range(value: JsonSchema): string {
  const limits = [
    value.minimum === undefined ? undefined : `≥ ${value.minimum}`,
    value.exclusiveMinimum === undefined ? undefined : `> ${value.exclusiveMinimum}`,
    value.maximum === undefined ? undefined : `≤ ${value.maximum}`,
    value.exclusiveMaximum === undefined ? undefined : `< ${value.exclusiveMaximum}`,
  ].filter((limit) => limit !== undefined);
  return limits.length > 0 ? ` ${limits.join(', ')}` : '';
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'name' in value) return String(value.name);
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
    return Array.isArray(value) ? '[]' : '';
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ');
}
