/** A config for somebody's own data. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { parseConfig } from '../../config/load.js';
import { type DetectionDataset, openDetectionDataset } from '../../data/detection/dataset.js';
import { UsageError } from '../../errors.js';
import { writeAtomically } from '../../formats/atomic.js';
import { makeFolder } from '../../formats/makeFolder.js';
import { checkSameCategories } from '../../train/detectionData.js';
import { dataEvents, type Observer } from '../observer.js';
import { type OwnData, type OwnDataOptions, type OwnSplit, openOwnData } from '../ownData.js';
import { pretrainedFile } from '../pretrainedFile.js';
import { refuseOverwriting } from '../refuseOverwriting.js';
import { type Advice, advise, type Machine } from './advise.js';
import { configText } from './configText.js';
import { type StartModel, startModel } from './startModel.js';

export interface NewConfigOptions extends Omit<OwnDataOptions, 'out' | 'config'> {
  /** The config to write. Data that has to be converted or divided goes into a folder beside it, `cells-data` for `cells.yaml`. */
  readonly out: string;
  /** Time that training has. @default as much as the data needs, 20 at least */
  readonly minutes?: number | undefined;
  /** A checkpoint, or a name of published weights, that training will begin with: the config gets its network. @default the smallest CMT, from nothing */
  readonly initFrom?: string | undefined;
  /** Write over a config that is there. @default false */
  readonly force?: boolean | undefined;
  /** @default this one */
  readonly machine?: Machine | undefined;
  readonly observer?: Observer | undefined;
}

export interface NewConfig {
  readonly config: string;
  readonly own: OwnData;
  readonly advice: Advice;
  /** What training is to begin with. */
  readonly start?: StartModel | undefined;
  readonly classes: readonly { readonly name: string; readonly train: number; readonly val: number }[];
}

/**
 * Looks at data, converts and divides it where that is needed, and writes a config that `train` needs nothing else for.
 *
 * @throws DatasetError where the form is unknown, there is nothing to learn, or with all that is wrong with the data
 * @throws UsageError where the config is there already, or is a file that is read
 */
export async function newConfig({
  out,
  minutes,
  initFrom,
  force = false,
  machine,
  ...data
}: NewConfigOptions): Promise<NewConfig> {
  if (!force && existsSync(out)) throw new UsageError(`${out} is there already: choose another --out, or add --force`);
  const { observer = {} } = data;
  refuseOverwriting([out], [data.data, data.names, initFrom]);
  const start = initFrom === undefined ? undefined : await startOf(initFrom, observer);
  const folder = join(dirname(out), `${basename(out, extname(out))}-data`);
  const own = await openOwnData({ ...data, out: folder, config: out });
  const train = await look(own.train, observer);
  const val = own.val === null ? undefined : await look(own.val, observer);
  if (val !== undefined) checkSameCategories(train, val, own.val!.annotations);
  const classNames = train.categories.map(({ name }) => name);
  const advice = advise({ records: train.records, classNames, machine: machine ?? thisMachine(), minutes });
  const toLearn = boxesByCategory(train);
  const toMeasure = val && boxesByCategory(val);
  const classes = train.categories.map(({ id, name }) => ({
    name,
    train: toLearn.get(id) ?? 0,
    val: toMeasure?.get(id) ?? 0,
  }));
  const broken = [train, val].reduce((sum, dataset) => sum + (dataset?.summary.broken.length ?? 0), 0);
  const facts = {
    ...{ data: data.data, file: out, own, broken, start },
    classes: classes.map(({ name, train }) => ({ name, boxes: train })),
  };
  const text = configText(facts, advice);
  parseConfig(text, out); // what is written can be read
  makeFolder(dirname(out));
  await writeAtomically(out, (file) => file.writeFile(text));
  return { config: out, own, advice, start, classes };
}

async function startOf(nameOrPath: string, { onFact }: Observer): Promise<StartModel> {
  return { ...startModel(await pretrainedFile(nameOrPath, { onFact })), checkpoint: nameOrPath };
}

async function look({ file, images, annotations }: OwnSplit, observer: Observer): Promise<DetectionDataset> {
  const { onLooked } = dataEvents(observer);
  return openDetectionDataset(file, images, { source: annotations, missing: 'skip', onBroken: 'skip', onLooked });
}

/** By the id: val may list fewer categories, and label them otherwise. */
function boxesByCategory({ records, categories }: DetectionDataset): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { labels } of records)
    for (const label of labels) {
      const { id } = categories[label]!;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  return counts;
}

function thisMachine(): Machine {
  return { cores: availableParallelism(), hasGpu: existsSync('/dev/nvidia0') };
}
