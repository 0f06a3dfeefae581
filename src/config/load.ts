import { Document, type ScalarTag, visit } from 'yaml';
import { ConfigError, type Problem } from '../errors.js';
import { readText } from '../formats/text.js';
import { readYaml, type Yaml } from '../formats/yaml.js';
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
    text = readText(file === '-' ? 0 : file); // standard input
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
  const yaml = readYaml(text);
  if ('problems' in yaml) throw new ConfigError(source, yaml.problems);
  const config = yaml.value ?? {};
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
  const placed = describeIssues(parsed.error.issues, config).map((problem) => place(problem, yaml, applied));
  placed.sort((a, b) => a.line - b.line);
  throw new ConfigError(source, placed);
}

/** A config as the YAML text that gives it again; lists are written in one line. */
export function formatConfig(config: Config): string {
  const customTags = (tags: readonly unknown[]) => [exponent, ...tags] as ScalarTag[];
  const document = new Document(config, { aliasDuplicateObjects: false, customTags });
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  return document.toString({ lineWidth: 120 });
}

/** `1.0e-7`: readers of YAML 1.1 (PyYAML) take `1e-7` for text. */
const exponent: ScalarTag = {
  identify: (value) => typeof value === 'number' && String(value).includes('e'),
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: /^[-+]?\d+\.\d+e[-+]\d+$/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace(/^(-?\d+)e/, '$1.0e'),
};

/** Names the place as `train.epochs (line 12)`, or `train.epochs (--set train.epochs=no)`; these come last. */
function place(
  { path, message }: PlacedProblem,
  yaml: Yaml,
  overrides: readonly Override[],
): Problem & { readonly line: number } {
  const name = path.map(String).join('.') || '(root)';
  const override = overrides.findLast(({ path: set }) => set.every((key, i) => key === path[i]));
  if (override) return { at: `${name} (--set ${override.text})`, message, line: Number.POSITIVE_INFINITY };
  const line = yaml.lineOf(path);
  if (line === undefined) return { at: name, message, line: 0 };
  return { at: `${name} (line ${line})`, message, line };
}
