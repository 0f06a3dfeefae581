/** `cmtdet completion SHELL`: a script by which a shell completes commands and options, made from the commands themselves. */
import type { Command } from 'commander';
import { print } from './console.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A command by its words (`data check`; empty for the program), with what can follow it. */
interface Node {
  readonly words: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flag: string;
    readonly description: string;
    readonly choices: readonly string[];
  }[];
}

export function printCompletion(program: Command, shell: Shell): void {
  const nodes = nodesOf(program);
  print({ bash: bashScript, zsh: zshScript, fish: fishScript }[shell](nodes));
}

/** The program and all commands below it. */
export function nodesOf(command: Command, words: readonly string[] = []): Node[] {
  const commands = command.commands.map((one) => ({ name: one.name(), description: one.description() }));
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description, argChoices }) =>
      long ? [{ flag: long, description, choices: argChoices ?? [] }] : [],
    );
  const below = command.commands.flatMap((one) => nodesOf(one, [...words, one.name()]));
  return [{ words: words.join(' '), commands, options }, ...below];
}

/** Paths are completed by the shell where nothing else fits. */
function bashScript(nodes: readonly Node[]): string {
  const cases = nodes.map(({ words, commands, options }) => {
    const known = [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag)].join(' ');
    return `    ${JSON.stringify(words)}) words="${known}" ;;`;
  });
  const choices = choicesOf(nodes).map(([flag, values]) => `    ${flag}) words="${values.join(' ')}" ;;`);
  return `# cmtdet completion for bash: source <(cmtdet completion bash)
_cmtdet() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*) break ;;
      *) [[ " ${nodes.map(({ words }) => words.replaceAll(' ', '/')).join(' ')} " == *" \${command:+$command/}\${COMP_WORDS[i]} "* ]] \\
           && command="\${command:+$command/}\${COMP_WORDS[i]}" ;;
    esac
  done
  case "\${command//\\// }" in
${cases.join('\n')}
  esac
  case "$before" in
${choices.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _cmtdet cmtdet`;
}

/** zsh takes bash's completion. */
function zshScript(nodes: readonly Node[]): string {
  return `# cmtdet completion for zsh: source <(cmtdet completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bashScript(nodes)}`;
}

function fishScript(nodes: readonly Node[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = nodes.flatMap(({ words, commands, options }) => {
    const parts = words === '' ? [] : words.split(' ');
    const here =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    const others = commands.map(({ name }) => name).join(' ');
    const first = parts.length === 0 || others === '' ? here : `${here}; and not __fish_seen_subcommand_from ${others}`;
    return [
      ...commands.map(
        ({ name, description }) => `complete -c cmtdet -f -n ${quoted(first)} -a ${name} -d ${quoted(description)}`,
      ),
      ...options.map(({ flag, description, choices }) => {
        const values = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : '';
        return `complete -c cmtdet -n ${quoted(here)} -l ${flag.slice(2)}${values} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# cmtdet completion for fish: cmtdet completion fish | source\n${lines.join('\n')}`;
}

/** Options whose values are known, once each. */
function choicesOf(nodes: readonly Node[]): [flag: string, choices: readonly string[]][] {
  const known = new Map<string, readonly string[]>();
  for (const { options } of nodes)
    for (const { flag, choices } of options)
      if (choices.length > 0) known.set(flag, [...new Set([...(known.get(flag) ?? []), ...choices])]);
  return [...known];
}
