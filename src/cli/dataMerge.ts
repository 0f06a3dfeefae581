/** `cmtdet data merge OUT.json A.json B.json`: several annotation files as one. */
import { mergeCoco } from '../data/coco/merge.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { writeCoco } from '../data/coco/write.js';
import { UsageError } from '../errors.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { print, printJson } from './console.js';

export interface DataMergeOptions {
  /** A folder for each input, put before its file names. */
  readonly folders?: readonly string[];
  readonly json?: boolean;
}

export async function runDataMerge(
  output: string,
  inputs: readonly string[],
  { folders, json }: DataMergeOptions,
): Promise<void> {
  if (folders && folders.length !== inputs.length)
    throw new UsageError(
      `--folders names ${folders.length} folders for ${inputs.length} files: expected one for each.`,
    );
  refuseOverwriting([output], inputs);
  const merged = mergeCoco(inputs.map((source, i) => ({ file: parseCoco(source), source, prefix: folders?.[i] })));
  await writeCoco(output, merged);
  const [images, boxes, categories] = [merged.images.length, merged.annotations.length, merged.categories.length];
  if (json) printJson({ output, images, boxes, categories });
  else print(`${output}: ${images} images, ${boxes} boxes, ${categories} categories`);
}
