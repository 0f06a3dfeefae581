/** `cmtdet train`: a detector on COCO json, or on data for which a config is made first. */
import { existsSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { loadConfig } from '../config/load.js';
import { UsageError } from '../errors.js';
import { shellWord } from '../formats/shellWord.js';
import { readText } from '../formats/text.js';
import { train } from '../run/train.js';
import { note, warn } from './console.js';
import { dataObserver } from './dataObserver.js';
import { showTraining, type TrainCommandOptions } from './trainCommand.js';

type TrainOptions = TrainCommandOptions & { readonly initFrom?: string };

export async function runTrain(configOrData: string, options: TrainOptions): Promise<void> {
  const configFile = isData(configOrData) ? await configFor(configOrData, options) : configOrData;
  const config = await loadConfig(configFile, options.set);
  const { initFrom } = options;
  const headline = ['AP', 'AP50', 'AP75'];
  await showTraining(headline, options, (training) => train({ config, configFile, initFrom, ...training }));
}

/** Whether a path holds data: a folder, annotations, or YOLO's `data.yaml`, which has names and no task. */
function isData(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) return true;
  if (!status?.isFile()) return false;
  if (/\.(json|xml|csv|tsv|json\.gz)$/i.test(path)) return true;
  if (!/\.ya?ml$/i.test(path)) return false;
  const text = readText(path);
  return /^names\s*:/m.test(text) && !/^task\s*:/m.test(text);
}

/** The config in the working folder that is called as the data is; made where it is not there. */
async function configFor(data: string, { minutes, initFrom }: TrainOptions): Promise<string> {
  const config = configName(data);
  if (existsSync(config)) {
    const words = [
      'new',
      data,
      '--out',
      config,
      ...(initFrom === undefined ? [] : ['--init-from', initFrom]),
      '--force',
    ];
    note(`${config} is there already and is used; "cmtdet ${words.map(shellWord).join(' ')}" makes it anew`);
    return config;
  }
  const { newConfig } = await import('../run/newConfig/newConfig.js');
  const { factsOf } = await import('./new.js');
  const observer = { ...dataObserver(), onFact: note };
  const made = await newConfig({ data, out: config, minutes, initFrom, observer });
  const { warnings, facts } = factsOf(made);
  for (const warning of warnings) warn(warning);
  for (const fact of facts) note(fact);
  return config;
}

/** As the data, but never a file of data: YOLO's `coco128.yaml` gets `coco128-detector.yaml`. */
function configName(data: string): string {
  const name = basename(data, extname(data)).replace(/^\.+/, '') || 'data';
  const first = name === 'data' && /\.ya?ml$/i.test(data) ? 'detector' : name;
  const names = [`${first}.yaml`, `${first}-detector.yaml`];
  const free = names.find((path) => !isData(path));
  if (free !== undefined) return free;
  throw new UsageError(
    `${names.join(' and ')} are data: make a config under another name, with cmtdet new ${shellWord(data)} --out NAME.yaml`,
  );
}
