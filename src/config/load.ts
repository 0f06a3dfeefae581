import { readFile } from 'node:fs/promises';
import { Document, isAlias, isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { ConfigError, type Problem } from '../errors.js';
import { isRecord } from './jsonSchema.js';
import { applyOverride, type Override, parseOverride } from './overrides.js';
import { describeIssues, type PlacedProblem } from './problems.js';
import { Config } from './schema.js';

/**
 * Reads a config file. Paths in it are left as they are written: a relative one starts at the working folder of the
 * process, as it does in every other argument of a command, and not at the file.
 *
 * @param overrides what `--set` says, `train.epochs=3`; a later one wins
 * @throws ConfigError with all problems, each with its line
 */
export async function loadConfig(file: string, overrides: readonly string[] = []): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      ENOENT: 'no such file',
      EISDIR: 'a folder; expected a YAML file',
      EACCES: 'may not be read by this user',
    };
    throw new ConfigError(file, [{ at: '(file)', message: reasons[code ?? ''] ?? String(error) }]);
  }
  return parseConfig(text, file, overrides);
}

/**
 * Checks a config given as text, and fills in its defaults.
 *
 * @param text YAML 1.2
 * @param source what to call it in messages
 * @throws ConfigError
 */
export function parseConfig(text: string, source: string, overrides: readonly string[] = []): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    throw new ConfigError(
      source,
      document.errors.map(({ pos, message }) => ({ at: `line ${lineAt(pos[0])}`, message })),
    );
  }
  const config: unknown = document.toJS() ?? {};
  if (!isRecord(config)) {
    throw new ConfigError(source, [{ at: '(root)', message: 'expected sections: task, model, data, train' }]);
  }

  const parsedOverrides = overrides.map(parseOverride);
  const applied = parsedOverrides.filter((override): override is Override => 'path' in override);
  const problems: Problem[] = parsedOverrides.filter((override): override is Problem => 'at' in override);
  for (const override of applied) {
    const problem = applyOverride(config, override);
    if (problem) problems.push(problem);
  }
  if (problems.length > 0) throw new ConfigError(source, problems);

  const parsed = Config.safeParse(config);
  if (parsed.success) return parsed.data;
  const placed = describeIssues(parsed.error.issues, config).map((problem) =>
    place(problem, document, lineAt, applied),
  );
  placed.sort((a, b) => a.line - b.line);
  throw new ConfigError(source, placed);
}

/** A config as the YAML text that gives it again; lists are written in one line. */
export function formatConfig(config: Config): string {
  const document = new Document(config, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  return document.toString({ lineWidth: 120 });
}

/** Names the place as `train.epochs (line 12)`, or `train.epochs (--set train.epochs=no)`; these come last. */
function place(
  { path, message }: PlacedProblem,
  document: Document,
  lineAt: (offset: number) => number,
  overrides: readonly Override[],
): Problem & { readonly line: number } {
  const name = path.map(String).join('.') || '(root)';
  const override = overrides.findLast(({ path: set }) => set.every((key, i) => key === path[i]));
  if (override) return { at: `${name} (--set ${override.text})`, message, line: Number.POSITIVE_INFINITY };
  const offset = offsetOf(path, document);
  if (offset === undefined) return { at: name, message, line: 0 };
  const line = lineAt(offset);
  return { at: `${name} (line ${line})`, message, line };
}

/** Where the key at `path` is in the text, or the last one on the way to it that is there. */
function offsetOf(path: readonly PropertyKey[], document: Document): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (!pair) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = (isScalar(node) || isCollection(node) ? node.range?.[0] : undefined) ?? offset;
    }
  }
  return offset;
}
