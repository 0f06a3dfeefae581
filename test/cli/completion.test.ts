import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommands, formatNames } from '../../src/cli/commands.js';
import { nodesOf, printCompletion, shells } from '../../src/cli/completion.js';
import { addExamples } from '../../src/cli/examples.js';
import { formats } from '../../src/data/coco/convert/formats.js';
import { outputOf } from '../support/standardOutput.js';

function program(): Command {
  const made = new Command('cmtdet').helpCommand(false);
  addCommands(made);
  return made;
}

const scriptOf = (shell: (typeof shells)[number]) => outputOf(async () => printCompletion(program(), shell));

describe('completion', () => {
  /** What bash offers for the last of the words. */
  const offered = async (...words: string[]) => {
    const list = words.map((word) => `"${word}"`).join(' ');
    const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _cmtdet; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', `${await scriptOf('bash')}\n${ask}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it('bash: commands, commands below one, options, values that are known', async () => {
    expect(await offered('cmtdet', 'tra')).toEqual(['train']);
    expect(await offered('cmtdet', 'data', 'sp')).toEqual(['split']);
    expect(await offered('cmtdet', 'data', 'split', '--se')).toEqual(['--seed']);
    expect(await offered('cmtdet', 'train', 'my.yaml', '--min')).toEqual(['--minutes']);
    expect(await offered('cmtdet', 'export', 'a.safetensors', '--format', 'o')).toEqual(['onnx']);
    expect(await offered('cmtdet', 'data', 'convert', 'in', 'out.json', '--from', 'v')).toEqual(['voc', 'via']);
    expect(await offered('cmtdet', 'data', 'convert', 'in', 'out.json', '--difficult', 'k')).toEqual(['keep']);
    expect(await offered('cmtdet', 'train', 'conf')).toEqual(['']); // the shell goes on with paths
  });

  it('every shell: all commands are in the script', async () => {
    for (const shell of shells) {
      const script = await scriptOf(shell);
      for (const { words } of nodesOf(program())) expect(script).toContain(words.split(' ').at(-1));
    }
  });
});

it('data convert --from takes every format that there is, and no other', async () => {
  expect(formatNames).toEqual(Object.keys(formats));
  const made = program().exitOverride();
  const convert = made.commands.find((one) => one.name() === 'data')!.commands.find((one) => one.name() === 'convert')!;
  convert.exitOverride().configureOutput({ writeErr() {} });
  const run = made.parseAsync(['data', 'convert', 'in', 'out.json', '--from', 'kitti'], { from: 'user' });
  await expect(run).rejects.toThrow("'kitti' is invalid. Allowed choices are voc, yolo,");
});

it('every command has examples in its help, and they name commands and options that there are', () => {
  const made = program();
  expect(addExamples(made)).toEqual([]);
  const nodes = new Map(nodesOf(made).map(({ words, options }) => [words, options.map(({ flag }) => flag)]));
  for (const words of nodes.keys()) {
    let help = '';
    const command = words
      .split(' ')
      .reduce<Command>((one, word) => one.commands.find((c) => c.name() === word) ?? one, made);
    const writeOut = (text: string) => {
      help += text;
    };
    command.configureOutput({ writeOut }).outputHelp();
    for (const [, line] of help.matchAll(/^ {2}(?:source <\()?npx cmtdet (.*?)\)?$/gm)) {
      expect(line!.startsWith(words)).toBe(true);
      for (const [flag] of line!.split(' -- ')[0]!.matchAll(/--[a-z-]+/g)) expect(nodes.get(words)).toContain(flag);
    }
  }
});
