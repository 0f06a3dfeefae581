/** `cmtdet train`: a detector on COCO json. */
import { loadConfig } from '../config/load.js';
import { train } from '../run/train.js';
import { showTraining, type TrainCommandOptions } from './trainCommand.js';

export async function runTrain(
  configFile: string,
  options: TrainCommandOptions & { readonly initFrom?: string },
): Promise<void> {
  const config = await loadConfig(configFile, options.set);
  const { initFrom } = options;
  const headline = ['AP', 'AP50', 'AP75'];
  await showTraining(headline, options, (training) => train({ config, configFile, initFrom, ...training }));
}
