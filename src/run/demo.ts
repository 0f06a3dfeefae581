/** The whole path, from no data to pictures with boxes, by the functions that every program can call. */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/load.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { writeResults } from '../data/coco/write.js';
import { generateShapes, refuseOthers, type ShapesFiles } from '../data/shapes/generate.js';
import { clusterFromEnvironment } from '../distributed/cluster.js';
import { InterruptedError, UsageError } from '../errors.js';
import type { CocoStats } from '../eval/summarize.js';
import { writeWhole } from '../formats/writeWhole.js';
import { evaluate } from './evaluate.js';
import type { Observer } from './observer.js';
import { predict } from './predict.js';
import { pretrain } from './pretrain.js';
import { train } from './train.js';
import type { TrainingObserver } from './training.js';

export interface DemoOptions {
  /** Folder for all that the demo makes. */
  readonly out: string;
  /** Changes to the detector's config, as `train.epochs=3`. */
  readonly set?: readonly string[] | undefined;
  readonly observer?: DemoObserver | undefined;
  /** Ends the demo after the step or picture under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface DemoObserver extends Observer {
  /** A part of the demo begins; the first one is 1. */
  readonly onPart?: (part: number, parts: number, what: string) => void;
  readonly pretraining?: TrainingObserver;
  readonly training?: TrainingObserver;
}

export interface DemoResult {
  /** Of the classifier whose backbone the detector starts with. */
  readonly top1: number | null;
  /** Of the detector's best checkpoint, on the val pictures. */
  readonly stats: CocoStats;
  readonly seconds: number;
  readonly paths: Readonly<Record<'data' | 'checkpoint' | 'results' | 'predictions', string>>;
}

/** Pictures of the val set that are drawn. */
const shown = 12;

const configFile = (name: string) => fileURLToPath(new URL(`../../configs/${name}.yaml`, import.meta.url));

/** What the demo learns from, in its folder: made at the first call. */
export function demoData(out: string, observer: Observer = {}): Promise<ShapesFiles> {
  return generateShapes(join(out, 'data'), {
    onPicture: (done, total) => observer.onProgress?.(done, total, 'pictures'),
  });
}

/**
 * Makes pictures, pretrains a small CMT, trains a detector with it, measures it, and draws what it finds. What an earlier demo left in
 * `out` is removed.
 *
 * @throws UsageError where `out` has something that no demo made; and under `TF_CONFIG`: workers would make and remove each other's files
 * @throws InterruptedError when the signal was given
 */
export async function demo({ out, set = [], observer = {}, signal }: DemoOptions): Promise<DemoResult> {
  if (clusterFromEnvironment(process.env) !== null)
    throw new UsageError('the demo is for one process: without TF_CONFIG in the environment it runs');
  const started = performance.now();
  const at = (name: string) => join(out, name);
  const goOn = () => {
    if (signal?.aborted) throw new InterruptedError('the demo was stopped; called again, it begins anew');
  };
  const part = (number: number, what: string) => {
    goOn();
    observer.onPart?.(number, 5, what);
  };
  const stoppable: Observer = {
    ...observer,
    onProgress(...progress) {
      goOn();
      observer.onProgress?.(...progress);
    },
  };
  const earlier = made.map(at);
  if (!existsSync(at(mark)) && !isOfDemo(out)) refuseOthers(earlier, 'choose another --out (out)');

  part(1, 'making pictures of shapes');
  const data = await demoData(out, stoppable);
  await writeWhole(at(mark), 'What "cmtdet demo" made: it removes it, and makes it anew.\n');
  for (const path of earlier) await rm(path, { recursive: true, force: true });

  part(2, 'pretraining the backbone to name single shapes');
  const classes = { 'data.train': join(data.crops, 'train'), 'data.val': join(data.crops, 'val') };
  const backbone = await pretrain({
    config: await loadConfig(configFile('demo_pretrain'), overrides(classes)),
    run: at('pretrain'),
    observer: { ...observer, ...observer.pretraining },
    signal,
  });

  part(3, 'training the detector with it');
  const { checkpoint } = await train({
    config: await loadConfig(configFile('demo_detector'), [...overrides(splitOverrides(data)), ...set]),
    initFrom: backbone.checkpoint,
    run: at('detector'),
    observer: { ...observer, ...observer.training },
    signal,
  });

  part(4, 'measuring the best checkpoint on the val pictures');
  const results = at('results.json');
  const { val } = data.splits;
  const { stats, detections } = await evaluate({ checkpoint, ...val, observer: stoppable });
  await writeResults(results, detections);

  part(5, `drawing what it finds in ${shown} of them`);
  const { images } = parseCoco(val.annotations);
  const inputs = images.slice(0, shown).map(({ file_name }) => join(val.images, String(file_name)));
  await predict({ checkpoint, inputs, out: at('predictions'), score: 0.5, signal, observer });
  goOn();

  const seconds = (performance.now() - started) / 1000;
  return {
    top1: backbone.metrics.top1 ?? null,
    stats,
    seconds,
    paths: { data: at('data'), checkpoint, results, predictions: at('predictions') },
  };
}

/** What the demo makes beside its data, and the file that says so. */
const made = ['pretrain', 'detector', 'results.json', 'predictions'];
const mark = 'demo.txt';

/** Demos before there was a mark: nothing else learns to name these crops. */
function isOfDemo(out: string): boolean {
  const config = join(out, 'pretrain', 'config.yaml');
  return existsSync(config) && /[\\/]crops[\\/]+train\b/.test(readFileSync(config, 'utf8'));
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
