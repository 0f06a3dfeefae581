/** `cmtdet demo`: the whole path, from no data to pictures with boxes, by the commands that everybody uses. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCoco } from '../data/coco/parseCoco.js';
import { parseResults } from '../data/coco/parseResults.js';
import { generateShapes, type ShapesFiles } from '../data/shapes/generate.js';
import { evaluateCoco } from '../eval/cocoEval.js';
import { duration, note, paint, print, printJson, table, withoutResults } from './console.js';
import { LiveLine } from './liveLine.js';

export interface DemoOptions {
  /** Folder for all that the demo makes. */
  readonly out: string;
  /** Make the data set, and stop there. */
  readonly dataOnly?: boolean;
  /** Changes to the detector's config, as in `train`. */
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Pictures of the val set that are drawn. */
const shown = 12;

const configFile = (name: string) => fileURLToPath(new URL(`../../configs/${name}.yaml`, import.meta.url));

export async function demo(options: DemoOptions): Promise<void> {
  const started = performance.now();
  const at = (name: string) => join(options.out, name);
  step(1, 'making pictures of shapes');
  const data = await makeData(at('data'));
  if (options.dataOnly) {
    if (options.json) printJson(data);
    else print(`pictures and COCO json: ${resolve(at('data'))}`);
    return;
  }

  const { pretrain } = await import('./pretrain.js');
  const { train } = await import('./train.js');
  const { evaluate } = await import('./evaluate.js');
  const { predict } = await import('./predict.js');
  for (const earlier of ['pretrain', 'detector', 'predictions'])
    await rm(at(earlier), { recursive: true, force: true });

  const checkpoint = join(at('detector'), 'best.safetensors');
  const results = at('results.json');
  const { metrics } = await withoutResults(async () => {
    step(2, 'pretraining the backbone to name single shapes');
    const classes = { 'data.train': join(data.crops, 'train'), 'data.val': join(data.crops, 'val') };
    const classifier = await pretrain(configFile('demo_pretrain'), { run: at('pretrain'), set: overrides(classes) });

    step(3, 'training the detector with it');
    await train(configFile('demo_detector'), {
      run: at('detector'),
      initFrom: join(at('pretrain'), 'best.safetensors'),
      set: [...overrides(splitOverrides(data)), ...(options.set ?? [])],
    });

    step(4, 'measuring the best checkpoint on the val pictures');
    await evaluate(checkpoint, { ...data.splits.val, saveResults: results });

    step(5, `drawing what it finds in ${shown} of them`);
    const { images } = parseCoco(data.splits.val.annotations);
    const names = images.slice(0, shown).map(({ file_name }) => String(file_name));
    const pictures = names.map((name) => join(data.splits.val.images, name));
    await predict(checkpoint, pictures, { out: at('predictions'), score: 0.5 });
    return classifier;
  });

  const { stats } = evaluateCoco(parseCoco(data.splits.val.annotations), parseResults(results));
  const seconds = (performance.now() - started) / 1000;
  const paths = { data: at('data'), checkpoint, results, predictions: at('predictions') };
  if (options.json) {
    printJson({ top1: metrics.top1 ?? null, ...stats, seconds, paths });
    return;
  }
  const rows = [['classifier, top-1', metrics.top1] as const, ...Object.entries(stats)];
  print(
    table(
      ['metric', 'val'],
      rows.map(([name, value]) => [name, value?.toFixed(3) ?? 'n/a']),
    ),
  );
  print(`done in ${duration(seconds)}`);
  print(`pictures with boxes: ${resolve(paths.predictions)}`);
  print(`detector:            ${resolve(checkpoint)}`);
  print(`Next: cmtdet predict ${checkpoint} YOUR_PICTURES --out found`);
}

async function makeData(folder: string): Promise<ShapesFiles> {
  const line = new LiveLine();
  const onPicture = (done: number, total: number) => line.update(`${done} of ${total} pictures`);
  return generateShapes(folder, { onPicture }).finally(() => line.clear());
}

/** The data of this demo, in place of what the config file says. */
function splitOverrides({ splits }: ShapesFiles): Record<string, string> {
  const entries = Object.entries(splits).flatMap(([split, { annotations, images }]) => [
    [`data.${split}.annotations`, annotations],
    [`data.${split}.images`, images],
  ]);
  return Object.fromEntries(entries);
}

/** As `--set` takes them; JSON strings are YAML too, whatever a path has in it. */
function overrides(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}

function step(number: number, what: string): void {
  note(paint('bold', `[${number}/5] ${what}`));
}
