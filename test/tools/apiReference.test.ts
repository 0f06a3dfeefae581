import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ApiItem, type ApiItems, apiItems, apiReference } from '../../tools/apiReference.js';

let items: ApiItems;
beforeAll(() => {
  items = apiItems();
});

/** Names of types in declarations, comments and strings left out. */
function typesIn(code: string): string[] {
  const bare = code.replace(/\/\*\*[\s\S]*?\*\/|'[^']*'|\/\/.*/g, '');
  return [...bare.matchAll(/\b[A-Z]\w*[a-z]\w*\b/g)].map(([name]) => name);
}

const ofTheLanguage = [
  'AbortSignal',
  'AsyncGenerator',
  'AsyncIterable',
  'Buffer',
  'Error',
  'Iterable',
  'Map',
  'Omit',
  'Partial',
  'Pick',
  'Promise',
  'Readonly',
  'Record',
  'Symbol',
];
const isOfTheLanguage = (name: string) => ofTheLanguage.includes(name) || /^(Big|Float|Uint|Int)\w+Array$/.test(name);

describe.each(['cmtdet', 'cmtdet/eval', 'cmtdet/data'] as const)('%s', (entry) => {
  const all = (): readonly ApiItem[] => items[entry];

  it('functions, models and errors say what they are for', () => {
    expect(all().length).toBeGreaterThan(10);
    const silent = all().filter(({ kind, text }) => kind !== 'type' && text === '');
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('types that a signature names are exported too', () => {
    const exported = new Set(all().map(({ name }) => name));
    const missing = all().flatMap(({ name, code }) =>
      typesIn(code)
        .filter((type) => !exported.has(type) && !isOfTheLanguage(type))
        .map((type) => `${name}: ${type}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('docs/api.md', () => {
  it('a function: its signature without the body, parameters, errors and the example', () => {
    const text = apiReference(items);
    expect(text).toContain(
      '### loadConfig\n\n```ts\nfunction loadConfig(file: string, overrides?: readonly string[]): Promise<Config>\n```',
    );
    expect(text).toContain('- `overrides`: changes, as `train.epochs=3`; a later one wins');
    expect(text).toContain('Throws ConfigError with all problems, each with its line');
    expect(text).toContain("```ts\nconst { images, annotations } = parseCoco('instances_val2017.json');\n```");
  });

  it('has every exported name (npm run docs:api)', () => {
    const headings = readFileSync('docs/api.md', 'utf8').match(/^### .*$/gm);
    const names = new Set(Object.values(items).flatMap((all) => all.map(({ name }) => `### ${name}`)));
    expect(headings?.toSorted()).toEqual([...names].sort());
  });
});
