import { UsageError } from '../errors.js';

/**
 * The one rule of options that mean nothing for what is asked for: they are refused, all at once, and never just left out.
 *
 * @param options by name; undefined and false are as if nobody had given them
 * @param takes names of those that mean something
 * @param what they mean nothing for, and what to do, as the end of a sentence
 * @throws UsageError where others are given
 */
export function refuseOptions(options: object, takes: readonly string[], what: string): void {
  const refused = Object.entries(options).filter(
    ([name, value]) => value !== undefined && value !== false && !takes.includes(name),
  );
  if (refused.length === 0) return;
  const names = refused.map(([name]) => asOption(name)).join(', ');
  throw new UsageError(`${names} ${refused.length === 1 ? 'means' : 'mean'} nothing for ${what}`);
}

/** As the command line has it: `--save-results`. */
const asOption = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
