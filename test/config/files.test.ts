import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configJsonSchema, type JsonSchema } from '../../src/config/jsonSchema.js';
import { loadConfig } from '../../src/config/load.js';
import { configReference } from '../../tools/configReference.js';

const files = readdirSync('configs').filter((name) => name.endsWith('.yaml'));

describe('configs/', () => {
  it.each(files)('%s is valid, and opens with its command and what to expect', async (name) => {
    await loadConfig(`configs/${name}`);
    const head = readFileSync(`configs/${name}`, 'utf8').split('\ntask:')[0];
    expect(head).toContain('$schema=schema/config.schema.json');
    expect(head).toMatch(new RegExp(`cmtdet (train|pretrain) configs/${name}`));
    expect(head).toContain('Expected:');
  });
});

describe('what is made from the schema', () => {
  it('configs/schema/config.schema.json is up to date (npm run config-schema)', () => {
    expect(JSON.parse(readFileSync('configs/schema/config.schema.json', 'utf8'))).toEqual(configJsonSchema());
  });

  it('docs/configuration.md is up to date (npm run config-schema)', () => {
    expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configReference(configJsonSchema()));
  });

  it('every key says what it is, at least where the task begins', () => {
    const undescribed: string[] = [];
    const visit = (schema: JsonSchema, path: string) => {
      for (const [key, value] of Object.entries(schema.properties ?? {})) {
        const isTopSection = path === '';
        if (!value.description && !isTopSection) undescribed.push(`${path}${key}`);
        visit(value, `${path}${key}.`);
      }
      for (const form of schema.oneOf ?? schema.anyOf ?? []) visit(form, path);
    };
    visit(configJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });
});
