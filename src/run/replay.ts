/** An update of a run, done again: what each picture cost, and the pictures as the network saw them. */
import { join } from 'node:path';
import { loadConfig } from '../config/load.js';
import { drawSheet } from '../draw/drawSheet.js';
import { makeFolder } from '../formats/makeFolder.js';
import { chosenForTraining } from '../train/engineOptions.js';
import { type Replay, type ReplayedBatch, type ReplayedPicture, replayStep } from '../train/replay.js';
import { lookInto } from '../train/runFolder.js';
import { findCard } from './card.js';
import { dataEvents, type Observer } from './observer.js';

export interface ReplayOptions {
  /** Folder of the run; it is only read, and may be one that goes on. */
  readonly run: string;
  /** Number of the update, from 1. */
  readonly step: number;
  /** Folder for the pictures. @default `replay-STEP` in the run folder */
  readonly out?: string | undefined;
  readonly observer?: Observer | undefined;
}

/** A picture and its loss; with the file of the sheet that it is drawn on, pixels are not kept. */
export type PictureLoss = Pick<ReplayedPicture, 'file' | 'loss' | 'parts'> & { readonly boxes: number };

export interface ReplayedStep extends Omit<Replay, 'batches'> {
  readonly batches: readonly (Omit<ReplayedBatch, 'pictures'> & {
    /** The file with its pictures. */
    readonly sheet: string;
    readonly pictures: readonly PictureLoss[];
  })[];
}

/**
 * @throws UsageError when the run has no such step
 * @throws CheckpointError when no state is whole
 * @throws ConfigError, DatasetError when there is no run, or its data is gone
 */
export async function replay({ run, step, out, observer = {} }: ReplayOptions): Promise<ReplayedStep> {
  const config = chosenForTraining(await loadConfig(lookInto(run).config), await findCard());
  const { batches, ...replayed } = await replayStep(run, config, step, dataEvents(observer));
  const folder = out ?? join(run, `replay-${step}`);
  makeFolder(folder);
  const drawn = batches.map(async ({ pictures, ...batch }) => {
    const sheet = join(folder, `epoch${batch.epoch}-batch${batch.batch}.jpg`);
    await drawSheet(
      pictures.map((picture) => ({
        image: picture.image,
        boxes: picture.boxes.map(({ box, label, name }) => ({ box, label, text: name })),
        caption: `${picture.file}  loss ${picture.loss.toPrecision(3)}`,
      })),
      sheet,
    );
    const facts = pictures.map(({ file, loss, parts, boxes }) => ({ file, loss, parts, boxes: boxes.length }));
    return { ...batch, sheet, pictures: facts };
  });
  return { ...replayed, batches: await Promise.all(drawn) };
}
