/** `cmtdet train`: a detector on COCO json, or on data for which a config is made first. */
import { existsSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { loadConfig } from '../config/load.js';
import { readText } from '../formats/text.js';
import { train } from '../run/train.js';
import { note } from './console.js';
import { dataObserver } from './dataObserver.js';
import { showTraining, type TrainCommandOptions } from './trainCommand.js';

export async function runTrain(
  configOrData: string,
  options: TrainCommandOptions & { readonly initFrom?: string },
): Promise<void> {
  const configFile = isData(configOrData) ? await configFor(configOrData, options.minutes) : configOrData;
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
async function configFor(data: string, minutes: number | undefined): Promise<string> {
  const name = basename(data, extname(data)).replace(/^\.+/, '') || 'data';
  const config = `${name === 'data' && /\.ya?ml$/i.test(data) ? 'detector' : name}.yaml`;
  if (existsSync(config)) {
    note(`${config} is there already and is used; "cmtdet new ${data} --out ${config} --force" makes it anew`);
    return config;
  }
  const { newConfig } = await import('../run/newConfig/newConfig.js');
  const { factsOf } = await import('./new.js');
  for (const line of factsOf(await newConfig({ data, out: config, minutes, observer: dataObserver() }))) note(line);
  return config;
}
