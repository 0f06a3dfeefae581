import type { Command } from 'commander';

/**
 * The commands and their options; docs/cli.md describes them. Each loads its own file when it is called, so that
 * `--help` answers at once and measuring given results never loads TensorFlow.
 */
export function addCommands(program: Command): void {
  addEngineCommands(program);
  addTrainingCommands(program);
  addModelCommands(program);
}

function addEngineCommands(program: Command): void {
  program
    .command('setup')
    .description("download TensorFlow's C library into your cache folder")
    .option('--gpu', 'the CUDA 12 build and its libraries (Linux x64)')
    .option('--wheel <file>', 'use a wheel that you downloaded, instead of pip')
    .option('--force', 'install again')
    .option(...json)
    .action(async (options) => (await import('./setup.js')).setup(options));

  program
    .command('doctor')
    .description('show what cmtdet runs on, and what is wrong with it')
    .option(...json)
    .action(async (options) => (await import('./doctor.js')).doctor(options));
}

function addTrainingCommands(program: Command): void {
  program
    .command('train')
    .description('train a detector on COCO json')
    .argument('<config>', 'YAML file, as in configs/')
    .option(...set)
    .option('--run <folder>', 'where checkpoints and logs go (default: a new folder below runs/)')
    .option('--init-from <checkpoint>', 'start with the backbone of this checkpoint')
    .option('--resume', 'go on with the run in --run')
    .option(...json)
    .action(async (config, options) => {
      await (await import('./train.js')).train(config, options);
    });
}

function addModelCommands(program: Command): void {
  program
    .command('convert')
    .description("bring a checkpoint (.pth, .safetensors) from the CMT authors' names to ours, or back")
    .argument('<input>')
    .argument('<output>', 'a .safetensors file')
    .option('--key <name>', 'which state dict, where the file holds several')
    .option(...json)
    .action(async (input, output, options) => (await import('./convert.js')).convert(input, output, options));
}

const json = ['--json', 'print one JSON document'] as const;
const set = ['--set <key=value>', 'change a key of the config, as train.epochs=3 (repeatable)', collect] as const;

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
