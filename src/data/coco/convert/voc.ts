import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import type { BoxXywh, CocoFile } from '../cocoFile.js';
import { CocoBuilder } from './cocoBuilder.js';
import { filesBelow } from './files.js';

/**
 * What the numbers of a `bndbox` mean. PASCAL VOC itself counts pixels from 1 and its corners are pixels inside the box
 * (`inclusive`): x = xmin - 1, width = xmax - xmin + 1. LabelImg, CVAT, Roboflow and others write the edges of the box
 * from 0 (`edges`): x = xmin, width = xmax - xmin. The file does not tell.
 */
export type VocPixels = 'inclusive' | 'edges';

export interface VocOptions {
  readonly pixels: VocPixels;
  /**
   * What becomes of objects marked `difficult`: VOC's own measure neither wants them found nor minds, which in COCO's is
   * a crowd region.
   *
   * @default 'crowd'
   */
  readonly difficult?: 'crowd' | 'keep' | 'drop';
}

const parser = new XMLParser({ isArray: (name) => name === 'object', parseTagValue: false, trimValues: true });

interface VocXml {
  readonly annotation?: {
    readonly filename?: string;
    readonly size?: { readonly width?: string; readonly height?: string };
    readonly object?: readonly {
      readonly name?: string;
      readonly difficult?: string;
      readonly bndbox?: Readonly<Record<string, string>>;
    }[];
  };
}

/**
 * Converts a folder of PASCAL VOC `.xml` files.
 *
 * @throws DatasetError with every file that is no such thing
 */
export function vocToCoco(folder: string, { pixels, difficult = 'crowd' }: VocOptions): CocoFile {
  const builder = new CocoBuilder();
  for (const name of filesBelow(folder, ['.xml'])) {
    const complain = (at: string, message: string) =>
      builder.problems.push({ at: at ? `${name} ${at}` : name, message });
    const annotation = readAnnotation(join(folder, name));
    if (!annotation) {
      complain('', 'expected XML with an <annotation>');
      continue;
    }
    const [width, height] = [Number(annotation.size?.width), Number(annotation.size?.height)];
    if (!(width > 0 && height > 0)) {
      complain('size', `expected width and height, found ${JSON.stringify(annotation.size ?? null)}`);
      continue;
    }
    const image = builder.addImage(annotation.filename || name.replace(/\.xml$/i, '.jpg'), width, height);
    for (const [i, object] of (annotation.object ?? []).entries()) {
      const bbox = boxOf(object.bndbox, pixels);
      if (!object.name) complain(`object[${i}].name`, 'expected a name, found nothing');
      else if (!bbox)
        complain(`object[${i}].bndbox`, `expected four numbers, found ${JSON.stringify(object.bndbox ?? null)}`);
      else if (object.difficult !== '1') builder.addBox(image, object.name, bbox);
      else if (difficult === 'drop') builder.leaveOut('{n} difficult objects were left out', name);
      else builder.addBox(image, object.name, bbox, difficult === 'crowd' ? 1 : 0);
    }
  }
  return builder.finish(folder);
}

function readAnnotation(path: string): VocXml['annotation'] {
  try {
    return (parser.parse(readFileSync(path, 'utf8'), true) as VocXml).annotation;
  } catch {
    return undefined; // not well-formed
  }
}

function boxOf(bndbox: Readonly<Record<string, string>> | undefined, pixels: VocPixels): BoxXywh | undefined {
  const [xmin, ymin, xmax, ymax] = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) => Number(bndbox?.[side] || Number.NaN));
  const box: BoxXywh =
    pixels === 'inclusive'
      ? [xmin! - 1, ymin! - 1, xmax! - xmin! + 1, ymax! - ymin! + 1]
      : [xmin!, ymin!, xmax! - xmin!, ymax! - ymin!];
  return box.every(Number.isFinite) ? box : undefined;
}
