/** Names that docs may use: keys of configs, commands and their options. */
import { Command } from 'commander';
import { addCommands } from '../../src/cli/commands.js';
import { configJsonSchema, type JsonSchema } from '../../src/config/jsonSchema.js';

/** Every key, dotted, with those of all tasks and all forms of a section. */
export function configKeys(): Set<string> {
  const keys = new Set<string>();
  const visit = ({ properties, anyOf, oneOf }: JsonSchema, prefix: string) => {
    for (const form of [...(anyOf ?? []), ...(oneOf ?? [])]) visit(form, prefix);
    for (const [name, value] of Object.entries(properties ?? {})) {
      keys.add(prefix + name);
      visit(value, `${prefix}${name}.`);
    }
  };
  visit(configJsonSchema(), '');
  return keys;
}

/** Words of each command (`data check`) → its long options. */
export function commandOptions(): Map<string, ReadonlySet<string>> {
  const program = new Command('cmtdet');
  addCommands(program);
  const found = new Map<string, ReadonlySet<string>>();
  const visit = (command: Command, words: readonly string[]) => {
    const options = command.options.map(({ long }) => long!);
    found.set(words.join(' '), new Set([...options, '--help', '--quiet']));
    for (const below of command.commands) visit(below, [...words, below.name()]);
  };
  visit(program, []);
  return found;
}
