/** `cmtdet data convert --from FORMAT INPUT OUTPUT.json`: annotations of other tools to COCO. */
import { type FormatName, type FormatOptions, formats } from '../data/coco/convert/formats.js';
import { toCoco } from '../data/coco/convert/toCoco.js';
import { writeCoco } from '../data/coco/write.js';
import { refuseOptions } from '../run/refuseOptions.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { print, printJson, warn } from './console.js';

export interface DataConvertOptions extends FormatOptions {
  /** Of `input`. */
  readonly from: FormatName;
  /** The folder of pictures. */
  readonly images?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

export async function runDataConvert(input: string, output: string, options: DataConvertOptions): Promise<void> {
  const { from, pixels, difficult, names } = options;
  refuseOptions({ pixels, difficult, names }, formats[from].takes, `--from ${from}.`);
  const format = formats[from].open(input, options);
  const { file, imageFolder, read } = await toCoco(input, format, { images: options.images, strict: options.strict });
  refuseOverwriting([output], [options.names, ...read]);
  await writeCoco(output, file);
  const { images, annotations, categories, repairs } = file;
  const warnings = repairs.map(({ message }) => message);
  const counts = { images: images.length, boxes: annotations.length, categories: categories.length };
  const { convention } = format;
  if (options.json) {
    printJson({ input, output, ...counts, imageFolder, convention, warnings });
    return;
  }
  for (const warning of warnings) warn(warning);
  print(`${output}: ${counts.images} images, ${counts.boxes} boxes, ${counts.categories} categories`);
  print(`File names start at ${imageFolder}.`);
  print(convention);
}
