import { type Command, InvalidArgumentError } from 'commander';

/**
 * The commands and their options; docs/cli.md describes them. Each loads its own file when it is called, so that
 * `--help` answers at once and measuring given results never loads TensorFlow.
 */
export function addCommands(program: Command): void {
  addEngineCommands(program);
  addTrainingCommands(program);
  addModelCommands(program);
  addDataCommands(program);
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
    .command('evaluate')
    .description('measure results as pycocotools does')
    .requiredOption('--annotations <file>', 'COCO json')
    .requiredOption('--results <file>', 'COCO results, plain or .gz')
    .option('--max-dets <numbers>', 'most detections of an image (default: 1,10,100)', countList)
    .option('--class-agnostic', 'all categories count as one')
    .option('--precision', 'print all digits')
    .option('--out <folder>', 'write curves, confusions and an error breakdown there')
    .option(...json)
    .action(async (options) => (await import('./evaluateResults.js')).runEvaluateResults(options));

  program
    .command('convert')
    .description("bring a checkpoint (.pth, .safetensors) from the CMT authors' names to ours, or back")
    .argument('<input>')
    .argument('<output>', 'a .safetensors file')
    .option('--key <name>', 'which state dict, where the file holds several')
    .option(...json)
    .action(async (input, output, options) => (await import('./convert.js')).convert(input, output, options));
}

function addDataCommands(program: Command): void {
  const data = program.command('data').description('look at data sets, and convert them');

  data
    .command('check')
    .description('what a training run would make of a data set')
    .argument('<annotations>', 'COCO json')
    .argument('[images]', 'folder of the pictures')
    .option('--against <file>', 'another annotation file that should share no picture with this one')
    .option('--clean <file>', 'write a copy that training can use as it is')
    .option('--no-pixels', 'read only the headers of the pictures')
    .option(...json)
    .action(async (annotations, images, options) =>
      (await import('./dataCheck.js')).runDataCheck(annotations, images, options),
    );
}

const json = ['--json', 'print one JSON document'] as const;
const set = ['--set <key=value>', 'change a key of the config, as train.epochs=3 (repeatable)', collect] as const;

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

function countList(text: string): number[] {
  const counts = text.split(',').map(Number);
  if (counts.every((count) => Number.isInteger(count) && count > 0)) return counts;
  throw new InvalidArgumentError('Expected whole numbers above 0, as 1,10,100.');
}
