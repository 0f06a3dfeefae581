import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWithShared } from '../support/shared.js';

const rowsOf = (markdown: string) => markdown.split('\n').filter((line) => /^\| (?!-|#|case|kind|where)/.test(line));
const rows = rowsOf(readFileSync('docs/field-cases.md', 'utf8'));

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

const testsOf = (row: string): NamedTest[] =>
  [...row.matchAll(/`([\w/]+)` "([^"]+)"/g)].map(([, file, title]) => ({
    file: `test/${file}.test.ts`,
    title: title!.replace(/\.\.\.$/, ''),
  }));

describe('docs/field-cases.md', () => {
  it.each(rows.map((row) => [row.split('|').slice(1, 3).join('|').trim(), row]))('%s', (_, row) => {
    const tests = testsOf(row);
    expect(tests).not.toEqual([]);
    for (const { file, title } of tests) {
      expect(existsSync(file), file).toBe(true);
      const source = readFileSync(file, 'utf8');
      const isThere = ["'", '"', '`', '} '].some((before) => source.includes(before + title));
      expect(isThere, `${file}: ${title}`).toBe(true);
    }
  });

  it('has rows', () => expect(rows.length).toBeGreaterThan(70));
});

describeWithShared('every case of the shared list', 'docs', (folder) => {
  it('has a row', () => {
    const [first, second] = readFileSync(join(folder, 'field-cases.md'), 'utf8').split('## Second hunt');
    const numbers = rowsOf(first!).map((row) => row.split('|')[1]!.trim());
    const own = readFileSync('docs/field-cases.md', 'utf8').split('## ');
    expect(rowsOf(own[1]!).map((row) => row.split('|')[1]!.trim())).toEqual(numbers);
    // Two of its rows are one here: `module.` and `model.` before names.
    expect(rowsOf(own[2]!)).toHaveLength(rowsOf(second!).length - 1);
  });
});
