/** Commands, options and keys that the pages name are there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandOptions, configKeys } from '../support/knownNames.js';

const commands = commandOptions();
const keys = configKeys();
const sections = ['model', 'inference', 'data', 'train', 'engine'];

const ownPages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && !name.startsWith('decisions') && !name.startsWith('.vitepress'))
  .map((name) => join('docs', name));
// configuration.md is made from the schema, and its keys begin below their section.
const pages = ['README.md', 'CONTRIBUTING.md', ...ownPages].filter((page) => page !== 'docs/configuration.md');

/** What is between backquotes, and lines of shell blocks with their continuations. */
function codeOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```(?:sh|bash)?\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
  const lines = blocks.flatMap((block) => block.replace(/\\\n/g, ' ').split('\n'));
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '');
  return [...lines, ...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)];
}

/** Faults of a call of cmtdet, as `cmtdet data split A.json --out DIR`; none where the text is no such call. */
function faultsOfCall(code: string): string[] {
  const words = code.match(/(?:^|npx |cmtdet@\S+ )cmtdet ([a-z][^|;&>]*)/)?.[1]?.split(/\s+/);
  if (words === undefined) return [];
  const [first = '', second = ''] = words;
  const name = commands.has(`${first} ${second}`) ? `${first} ${second}` : first;
  if (!commands.has(name)) return [`no command "${first}": ${code}`];
  const options = words.map((word) => word.replace(/[\][),.:]/g, '')).filter((word) => /^--[a-z]/.test(word));
  const own = name === 'launch' ? [] : options; // what follows is another command
  return own.filter((option) => !commands.get(name)!.has(option.split('=')[0]!)).map((option) => `${option}: ${code}`);
}

/** Faults of dotted keys, alone (`data.shortSide`) or set (`--set data.shortSide=512`). */
function faultsOfKeys(code: string): string[] {
  const set = [...code.matchAll(/--set '?([\w.]+)=/g)].map(([, key]) => key!);
  const alone = code.match(/^([a-z]\w*(?:\.[a-z]\w*)+)(?:[:=].*)?$/)?.[1];
  const named = alone !== undefined && sections.includes(alone.split('.')[0]!) ? [alone] : [];
  return [...set, ...named]
    .filter((key) => !keys.has(key) && !isFile(key) && !placeholders.includes(key))
    .map((key) => `no key ${key}: ${code}`);
}

/** Words that stand for a key. */
const placeholders = ['KEY', 'key', 'a.b'];
const isFile = (name: string) => /\.(json|yaml|jsonl|ts|py|mts|tar|onnx|safetensors|txt)$/.test(name);

describe.each(pages)('%s', (page) => {
  it('commands, options and keys are there', () => {
    const code = codeOf(readFileSync(page, 'utf8'));
    expect([...code.flatMap(faultsOfCall), ...code.flatMap(faultsOfKeys)]).toEqual([]);
  });
});

describe('docs/migration.md', () => {
  const rows = readFileSync('docs/migration.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!theirs|---)/.test(line));
  const ours = rows.map((row) => row.split(/(?<!\\)\|/)[2]!);
  const others = ['AP', 'AP50', 'metrics.jsonl', 'best.safetensors', 'last.safetensors'];
  const isProgram = (code: string) => /Detector\.load|^evaluateCoco$|^cmtdet\/eval$|^configs\//.test(code);

  it.each(ours)('%s', (column) => {
    const names = [...column.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
    expect(names).not.toEqual([]);
    for (const name of names) {
      if (isProgram(name) || others.includes(name)) continue;
      const known = name.startsWith('cmtdet ') ? faultsOfCall(name).length === 0 : keys.has(name);
      expect(known, name).toBe(true);
    }
  });

  it('has a row for most of what one sets', () => expect(rows.length).toBeGreaterThan(80));
});

it('the checks above see a command, an option and a key that are not there', () => {
  expect(faultsOfCall('npx cmtdet trian my.yaml')).toHaveLength(1);
  expect(faultsOfCall('npx cmtdet train my.yaml --epoch 3')).toHaveLength(1);
  expect(faultsOfCall('npx cmtdet data check A.json [IMAGES] --against B.json')).toEqual([]);
  expect(faultsOfKeys('npx cmtdet train my.yaml --set train.epoch=3')).toHaveLength(1);
  expect(faultsOfKeys('data.shortSize')).toHaveLength(1);
  expect(faultsOfKeys('data.yaml')).toEqual([]);
});
