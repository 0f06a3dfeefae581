/** `cmtdet pretrain`: a classifier on class folders. */
import { loadConfig } from '../config/load.js';
import { pretrain } from '../run/pretrain.js';
import { showTraining, type TrainCommandOptions } from './trainCommand.js';

export async function runPretrain(configFile: string, options: TrainCommandOptions): Promise<void> {
  const config = await loadConfig(configFile, options.set);
  await showTraining(['top1', 'top5'], options, (training) => pretrain({ config, configFile, ...training }));
}
