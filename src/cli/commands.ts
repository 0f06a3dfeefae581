import { statSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import type { FormatName } from '../data/coco/convert/formats.js';
import { opsets } from '../export/onnx/onnxGraph.js';
import {
  collect,
  count,
  countList,
  countOrZero,
  inputSize,
  list,
  port,
  positive,
  scales,
  score,
  share,
} from './optionValues.js';

/**
 * The commands and their options; docs/cli.md describes them. Each loads its own file when it is called, so that
 * `--help` answers at once and measuring given results never loads TensorFlow.
 */
export function addCommands(program: Command): void {
  addEngineCommands(program);
  addTrainingCommands(program);
  addReplayCommand(program);
  addLaunchCommand(program);
  addModelCommands(program);
  addDataCommands(program);
  addCompletionCommand(program);
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
    .description('show what cmtdet runs on, what its settings do here, and what is wrong')
    .argument('[config]', 'YAML file whose engine settings to look at (default: the defaults)')
    .option('--placement', "what of the config's work would run on a GPU, and what is copied; no GPU is needed")
    .option(...set)
    .option(...json)
    .action(async (config, options) => (await import('./doctor.js')).doctor(config, options));
}

function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('a script by which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .action(async (shell) => (await import('./completion.js')).printCompletion(program, shell));
}

function addTrainingCommands(program: Command): void {
  program
    .command('demo')
    .description('the whole path in some minutes, on pictures made here: pretrain, train, evaluate, predict')
    .option('--out <folder>', 'where data, runs and pictures go', 'demo')
    .option('--data-only', 'make the data set, and stop')
    .option('--set <key=value>', "change a key of the detector's config (repeatable)", collect)
    .option(...json)
    .action(async (options) => (await import('./demo.js')).runDemo(options));

  program
    .command('pretrain')
    .description('train a classifier on class folders, as in ImageNet')
    .argument('<config>', 'YAML file, as in configs/')
    .option(...set)
    .option(...runFolder)
    .option(...resume)
    .option(...acceptChanges)
    .option(...minutes)
    .option(...json)
    .action(async (config, options) => {
      await (await import('./pretrain.js')).runPretrain(config, options);
    });

  program
    .command('new')
    .description(
      'a config for your own data: looks at it, converts and divides it where needed, gives a reason for each value',
    )
    .argument('<data>', 'COCO json, or a folder or file of YOLO, VOC, labelme, CSV, VIA, CVAT or Label Studio')
    .requiredOption('--out <file>', 'the config to write; data that is converted goes beside it')
    .option('--images <folder>', 'the pictures (default: looked for around the annotations)')
    .option('--names <file>', 'YOLO: data.yaml, or a text file with a name a line (default: looked for)')
    .addOption(pixels())
    .option('--val <share>', 'of the pictures, to measure on, where the data has no such part (default: 0.2)', share)
    .option('--seed <number>', 'another one divides in another way (default: 1)', countOrZero)
    .option('--minutes <number>', 'time for training (default: what the data needs, 20 at least)', positive)
    .option(
      '--init-from <checkpoint>',
      'for a run that begins with this checkpoint, or published weights by name: the config gets their network',
    )
    .option('--force', 'write over a config that is there')
    .option(...json)
    .action(async (data, options) => (await import('./new.js')).runNew(data, options));

  program
    .command('train')
    .description('train a detector')
    .argument('<config>', 'YAML file, of "cmtdet new" or as in configs/; or data, for which a config is made first')
    .option(...set)
    .option(...runFolder)
    .option(
      '--init-from <checkpoint>',
      'start with this detector, as far as it fits, or with the backbone of this checkpoint; or published weights by name: cmt_ti, resnet50',
    )
    .option(...resume)
    .option(...acceptChanges)
    .option(...minutes)
    .option(...json)
    .action(async (config, options) => {
      await (await import('./train.js')).runTrain(config, options);
    });
}

function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description('an update of a run again: what each picture cost, and the pictures as the network saw them')
    .argument('<run>', 'folder of a run; it is only read')
    .requiredOption('--step <number>', 'which update, from 1; incidents.jsonl names those that were odd', count)
    .option('--out <folder>', 'where the pictures go (default: a folder in the run)')
    .option(...json)
    .action(async (run, options) => (await import('./replay.js')).runReplay(run, options));
}

function addLaunchCommand(program: Command): void {
  program
    .command('launch')
    .description('run train, pretrain or profile as several workers on this machine')
    .argument('<command...>', 'after "--": one of these with its arguments')
    .requiredOption('--workers <number>', 'processes, each with its part of every batch', count)
    .option('--devices <numbers>', 'GPUs, one for each worker, as 0,1 (default: each sees all)', list)
    .option('--restarts <number>', 'how often to go on from the last state after a worker was lost', countOrZero, 0)
    .action(async (command, options) => (await import('./launch.js')).launch(command, options));
}

function addModelCommands(program: Command): void {
  program
    .command('evaluate')
    .description('run a checkpoint on a data set and measure it; or measure given results, as pycocotools does')
    .argument('[checkpoint]', 'of a detector (with --annotations and --images) or a classifier (with --images)')
    .option('--annotations <file>', 'COCO json')
    .option('--images <folder>', 'pictures that the annotations name; class folders for a classifier')
    .option('--results <file>', 'COCO results, plain or .gz, instead of a checkpoint')
    .option('--save-results <file>', "write the checkpoint's detections as COCO results")
    .option('--batch-size <number>', 'pictures at a time; no number depends on it', count)
    .option('--skip-broken', 'go on without pictures that cannot be read, instead of stopping')
    .option('--flip', 'look at each picture mirrored too, and bring what is found together')
    .option('--scales <numbers>', 'look at each picture in these sizes, as 0.8,1,1.25 times its usual one', scales)
    .option('--max-dets <numbers>', 'most detections of an image (default: 1,10,100)', countList)
    .option('--class-agnostic', 'all categories count as one')
    .option('--precision', 'print all digits')
    .option('--out <folder>', 'write curves, confusions and an error breakdown there')
    .option(...json)
    .action(async (checkpoint, options) => (await import('./evaluate.js')).runEvaluate(checkpoint, options));

  program
    .command('report')
    .description('a run as one page: curves, numbers, errors, pictures, data, speed')
    .argument('<run>', 'folder of a run')
    .option('--out <file>', 'the page (default: report.html in the folder)')
    .option('--pictures <number>', 'of each kind: best, worst, most surprising (default: 6)', countOrZero)
    .option('--no-measure', 'from the logs of the run alone')
    .option(...json)
    .action(async (run, options) => (await import('./runReport.js')).runReport(run, options));

  program
    .command('compare')
    .description('runs side by side: what they measured, and what differs in their configs')
    .argument('<runs...>', 'folders of runs')
    .option('--out <file>', 'a page with the curves over each other')
    .option(...json)
    .action(async (runs, options) => (await import('./compare.js')).runCompare(runs, options));

  program
    .command('predict')
    .description('find objects in pictures and videos: pictures with boxes, and lists of what was found')
    .argument('<checkpoint>', 'of a detector')
    .argument('[inputs...]', 'pictures, folders of them, patterns as "*.jpg", videos')
    .requiredOption('--out <folder>', 'where what is written goes')
    .option('--list <file>', 'paths, one a line; - is standard input')
    .option('--write <names>', 'pictures, json, coco, csv, yolo, labelme (default: pictures,json)', list)
    .option('--tile <pixels>', 'look at large pictures in pieces of this size too', count)
    .option('--overlap <share>', 'what neighbouring pieces share (default: 0.2)', share)
    .option('--fps <number>', 'frames of a second of film (default: all)', positive)
    .option('--score <number>', 'least score', score, 0.3)
    .option(...json)
    .action(async (checkpoint, inputs, options) => {
      await (await import('./predict.js')).runPredict(checkpoint, inputs, options);
    });

  program
    .command('export')
    .description('a trained model for other programs, compared with cmtdet after it is written')
    .argument('<checkpoint>', 'of a detector or a classifier')
    .addOption(
      new Option('--format <format>', 'what to write').choices(['onnx', 'savedmodel', 'web']).makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'file or folder to write')
    .option('--size <pixels>', 'one size of picture, heightxwidth (default: any, of a detector)', inputSize)
    .option('--batch <number>', 'pictures at a time (default: any number)', count)
    .addOption(
      new Option('--opset <version>', `of the operators of ONNX (default: ${opsets[0]})`).choices(opsets.map(String)),
    )
    .addOption(new Option('--pixels <type>', 'of the input (default: uint8)').choices(['uint8', 'float32']))
    .option('--nms', 'decode boxes and suppress duplicates inside of the model')
    .option('--float16', 'store weights in half the bytes')
    .option('--external-data', 'weights in a file of their own (default: above 2 GB)')
    .option('--pictures <files...>', 'to compare with cmtdet on (default: two that are drawn)')
    .option('--annotations <file>', "COCO json of a val set: measure a detector's AP before and after")
    .option('--images <folder>', 'pictures that the annotations name')
    .option(...json)
    .action(async (checkpoint, options) => (await import('./export.js')).runExport(checkpoint, options));

  program
    .command('serve')
    .description('a detector behind HTTP: POST a picture to /detect, a page at /')
    .argument('<checkpoint>', 'of a detector')
    .option('--port <number>', 'to listen at (default: 8080)', port)
    .option('--host <address>', 'to listen at (default: this machine alone)')
    .option('--max-bytes <number>', 'largest picture (default: 20000000)', count)
    .option('--queue <number>', 'requests that may wait (default: 256)', count)
    .option('--score <number>', 'least score where a request gives none (default: 0.3)', score)
    .option('--no-page', 'without the page')
    .option(...json)
    .action(async (checkpoint, options) => (await import('./serve.js')).runServe(checkpoint, options));

  program
    .command('info')
    .description('size and cost of a model')
    .argument('<model>', 'a name (cmt_ti, retinanet_cmt_s), a config, or a checkpoint')
    .option('--size <pixels>', 'side of the square input, or heightxwidth (default: what it is made for)', inputSize)
    .option('--memory', 'estimate what training and inference take on a CPU, and the largest batch')
    .option('--batch <number>', 'pictures that memory is estimated for (default: as the config trains)', count)
    .option(...json)
    .action(async (model, options) => (await import('./info.js')).runInfo({ model, ...options }));

  program
    .command('profile')
    .description('where the time of a training step or of inference goes, operation by operation')
    .argument('<model>', 'a name (cmt_ti, retinanet_cmt_s), a config, or a checkpoint')
    .addOption(new Option('--mode <mode>', 'what to time').choices(['train', 'forward']).default('train'))
    .option('--batch <number>', 'pictures (default: 8 for a classifier, 1 for a detector)', count)
    .option('--size <pixels>', 'side of the square input, or heightxwidth (default: what it is made for)', inputSize)
    .option('--steps <number>', 'how many to time, and as many again to record', count, 3)
    .option('--out <folder>', 'write a trace for https://ui.perfetto.dev there')
    .option(...json)
    .action(async (model, options) => (await import('./profile.js')).runProfile({ model, ...options }));

  program
    .command('precise-bn')
    .description('a checkpoint with statistics of batch normalisation that are estimated anew, and measured')
    .argument('<checkpoint>', 'of train or pretrain')
    .requiredOption('--out <file>', 'checkpoint to write')
    .option('--config <file>', 'what it was trained with (default: config.yaml beside it)')
    .option(...set)
    .option('--batches <number>', 'batches of training that are looked at (default: 200)', count, 200)
    .option(...json)
    .action(async (checkpoint, options) => (await import('./preciseBn.js')).runPreciseBn(checkpoint, options));

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
  const data = program.command('data').description('look at data sets, convert, split and merge them');

  data
    .command('check')
    .description('what a training run would make of a data set')
    .argument('<annotations>', 'COCO json; or class folders, or a tar file of them, for a classifier')
    .argument('[images]', 'folder of the pictures of a COCO json')
    .option('--against <file>', 'another annotation file that should share no picture with this one')
    .option('--clean <file>', 'write a copy that training can use as it is')
    .option('--no-pixels', 'read only the headers of the pictures')
    .option(...json)
    .action(async (annotations, images, options) => {
      const isClasses = /\.tar$/.test(annotations) || statSync(annotations, { throwIfNoEntry: false })?.isDirectory();
      if (isClasses) await (await import('./dataCheckClasses.js')).runClassesCheck(annotations, images, options);
      else await (await import('./dataCheck.js')).runDataCheck(annotations, images, options);
    });

  data
    .command('preview')
    .description(
      'the first batches of a training run as pictures: augmented, with boxes or targets, as the network sees them',
    )
    .argument('<config>', 'YAML file, as in configs/')
    .requiredOption('--out <folder>', 'where the sheets go')
    .option('--batches <number>', 'how many', count, 4)
    .option('--epoch <number>', 'of which epoch, from 1', count, 1)
    .option(...set)
    .option(...json)
    .action(async (config, options) => (await import('./dataPreview.js')).runDataPreview(config, options));

  data
    .command('image')
    .description('how the loader sees pictures: size and mean colour after all decoding rules')
    .argument('<files...>', 'pictures')
    .addOption(
      new Option('--colour-profiles <choice>', 'as data.colourProfiles').choices(['apply', 'ignore']).default('apply'),
    )
    .option(...json)
    .action(async (files, options) => (await import('./dataImage.js')).runDataImage(files, options));

  data
    .command('stats')
    .description('classes, sizes, shapes and places of boxes, in numbers and as a picture')
    .argument('<annotations>', 'COCO json')
    .option('--out <file>', 'a PNG to write')
    .option(...json)
    .action(async (annotations, options) => (await import('./dataStats.js')).runDataStats(annotations, options));

  data
    .command('split')
    .description(
      'one COCO json in two, to learn from and to measure on: by class, and pictures that look alike together',
    )
    .argument('<annotations>', 'COCO json')
    .argument('<images>', 'folder of its pictures')
    .requiredOption('--out <folder>', 'where train.json and val.json go')
    .option('--val <share>', 'of the pictures, to measure on', share, 0.2)
    .option('--seed <number>', 'another one gives another split', countOrZero, 1)
    .option(...json)
    .action(async (annotations, images, options) =>
      (await import('./dataSplit.js')).runDataSplit(annotations, images, options),
    );

  data
    .command('merge')
    .description('several COCO jsons as one; classes of one name become one')
    .argument('<output>', 'COCO json to write')
    .argument('<inputs...>', 'COCO jsons')
    .option('--folders <names>', 'a folder for each input, as a,b: put before its file names', list)
    .option(...json)
    .action(async (output, inputs, options) => (await import('./dataMerge.js')).runDataMerge(output, inputs, options));

  data
    .command('convert')
    .description('annotations of other tools to COCO json')
    .argument('<input>', 'a file of annotations, or a folder of them')
    .argument('<output>', 'COCO json to write')
    .addOption(new Option('--from <format>', 'what it is in').choices(formatNames).makeOptionMandatory())
    .option('--images <folder>', 'the pictures (default: images beside labels and the like, else the same folder)')
    .option('--names <file>', 'YOLO: data.yaml, or a text file with a name a line; CSV: class descriptions')
    .addOption(pixels())
    .addOption(
      new Option('--difficult <choice>', 'VOC: such objects (default: crowd)').choices(['crowd', 'keep', 'drop']),
    )
    .option('--strict', 'stop where otherwise something odd would be passed over and counted')
    .option(...json)
    .action(async (input, output, options) =>
      (await import('./dataConvert.js')).runDataConvert(input, output, options),
    );
}

const json = ['--json', 'print one JSON document'] as const;
const set = ['--set <key=value>', 'change a key of the config, as train.epochs=3 (repeatable)', collect] as const;

const runFolder = ['--run <folder>', 'where checkpoints and logs go (default: a new folder below runs/)'] as const;
const resume = ['--resume', 'go on with the run in --run, or with the newest one of this config'] as const;
const acceptChanges = [
  '--accept-changes',
  'with --resume: learn on with another rate, schedule, precision or val data',
] as const;
const minutes = [
  '--minutes <number>',
  'use so much time, from this call on; the learning rate has come down at its end',
  positive,
] as const;

const pixels = (): Option =>
  new Option('--pixels <meaning>', 'VOC, CSV: pixels from 1 (VOC unless said), or edges from 0').choices([
    'inclusive',
    'edges',
  ]);

/** Those of data/coco/convert/formats.ts, which is not loaded for `--help`. */
export const formatNames: readonly FormatName[] = ['voc', 'yolo', 'labelme', 'csv', 'via', 'cvat', 'labelstudio'];
