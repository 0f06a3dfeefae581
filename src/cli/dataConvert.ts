import { labelmeToCoco } from '../data/coco/convert/labelme.js';
import { type VocOptions, vocToCoco } from '../data/coco/convert/voc.js';
import { yoloToCoco } from '../data/coco/convert/yolo.js';
import { writeCoco } from '../data/coco/write.js';
import { UsageError } from '../errors.js';
import { print, printJson, warn } from './console.js';

export interface DataConvertOptions {
  /** Of `input`. */
  readonly from: string;
  /** YOLO: the folder of pictures. */
  readonly images?: string;
  /** YOLO: `data.yaml`, or a text file with a name a line. */
  readonly names?: string;
  /** VOC: what the numbers of a box mean. */
  readonly pixels?: string;
  /** VOC: what becomes of difficult objects. */
  readonly difficult?: string;
  readonly json?: boolean;
}

/** `cmtdet data convert --from voc|yolo|labelme INPUT OUTPUT.json`: annotations of other tools to COCO. */
export async function runDataConvert(input: string, output: string, options: DataConvertOptions): Promise<void> {
  const { file, convention } = await convert(input, options);
  await writeCoco(output, file);
  const { images, annotations, categories, warnings } = file;
  const counts = { images: images.length, boxes: annotations.length, categories: categories.length };
  if (options.json) {
    printJson({ input, output, ...counts, convention, warnings });
    return;
  }
  for (const warning of warnings) warn(warning);
  print(`${output}: ${counts.images} images, ${counts.boxes} boxes, ${counts.categories} categories`);
  print(convention);
}

async function convert(input: string, options: DataConvertOptions) {
  switch (options.from) {
    case 'voc': {
      const pixels = oneOf('--pixels', options.pixels ?? 'inclusive', ['inclusive', 'edges']);
      const difficult = oneOf('--difficult', options.difficult ?? 'crowd', ['crowd', 'keep', 'drop']);
      const file = vocToCoco(input, { pixels, difficult } satisfies VocOptions);
      const conventions = {
        inclusive:
          'Read as PASCAL VOC counts: pixels from 1, both corners inside the box. For edges from 0: --pixels edges.',
        edges: 'Read as edges from 0. For pixels from 1, as PASCAL VOC itself counts: --pixels inclusive.',
      };
      return { file, convention: conventions[pixels] };
    }
    case 'yolo': {
      const { images, names } = options;
      if (images === undefined || names === undefined) {
        throw new UsageError('YOLO labels need --images DIR (sizes are read from the pictures) and --names data.yaml.');
      }
      const file = await yoloToCoco({ labels: input, images, names });
      return { file, convention: 'Read as shares of the upright picture; category ids are the class numbers, from 0.' };
    }
    case 'labelme':
      return { file: labelmeToCoco(input), convention: 'Read as edges in pixels from 0.' };
    default:
      throw new UsageError(`--from ${options.from}: expected voc, yolo or labelme.`);
  }
}

function oneOf<Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`${option} ${value}: expected ${choices.join(' or ')}.`);
  return found;
}
