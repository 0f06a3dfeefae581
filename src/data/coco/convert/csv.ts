import {
  type AnnotatedObject,
  type AnnotatedPicture,
  type AnnotationFormat,
  corners,
  type Outline,
  sides,
  toNumber,
} from './annotated.js';
import { csvRows } from './csvRows.js';
import { pixelConventions, pixelCorners, type VocPixels } from './voc.js';

/** What columns are called, in letters and digits alone. The first name that is there counts. */
const columnNames = {
  picture: [
    'filename',
    'file',
    'filepath',
    'path',
    'imagepath',
    'imagefilename',
    'imageid',
    'imagename',
    'image',
    'img',
  ],
  label: ['class', 'label', 'labelname', 'classname', 'category', 'categoryname', 'name'],
  x1: ['xmin', 'x1', 'left', 'x0', 'bboxxmin'],
  y1: ['ymin', 'y1', 'top', 'y0', 'bboxymin'],
  x2: ['xmax', 'x2', 'right', 'bboxxmax'],
  y2: ['ymax', 'y2', 'bottom', 'bboxymax'],
  box: ['bbox', 'box'],
  width: ['width', 'imagewidth', 'imgwidth'],
  height: ['height', 'imageheight', 'imgheight'],
  group: ['isgroupof'],
} as const;

type Columns = Readonly<Record<keyof typeof columnNames, number>>;

/** Without a head: `path,x1,y1,x2,y2,class`, as keras-retinanet wants it. */
const headless: Columns = {
  picture: 0,
  x1: 1,
  y1: 2,
  x2: 3,
  y2: 4,
  label: 5,
  box: -1,
  width: -1,
  height: -1,
  group: -1,
};

export interface CsvOptions {
  /** What corners in pixels mean. @default 'edges' */
  readonly pixels?: VocPixels;
  /** Names of the labels by what the file calls them: Open Images' class descriptions. */
  readonly names?: string | undefined;
}

/**
 * A table with a box a row. Columns are found by their names: `filename,width,height,class,xmin,ymin,xmax,ymax` and their
 * usual variants, a `bbox` of `[x, y, width, height]`, or those of Open Images, whose numbers are shares of the picture. A
 * row without numbers is a picture without objects.
 */
export function csvFormat({ pixels = 'edges', names }: CsvOptions): AnnotationFormat {
  return {
    endings: ['.csv', '.tsv', '.txt'],
    convention: `${pixelConventions[pixels]} Open Images' columns are shares of the picture.`,
    async read({ path }) {
      const nameOf = names === undefined ? undefined : await labelNames(names);
      const pictures = new Map<string, AnnotatedPicture & { readonly objects: AnnotatedObject[] }>();
      let columns: Columns | undefined;
      let unit: 'pixels' | 'shares' = 'pixels';
      for await (const { line, cells } of csvRows(path)) {
        if (columns === undefined) {
          const head = cells.map((cell) => cell.toLowerCase().replace(/[^a-z0-9]/g, ''));
          columns = columnsOf(head);
          if (head.includes('imageid') && head.includes('labelname')) unit = 'shares';
          if (columns) continue;
          if (cells.length !== 6 || !cells.slice(1, 5).every((cell) => cell === '' || Number.isFinite(Number(cell))))
            return undefined;
          columns = headless;
        }
        const cell = (column: keyof Columns) => cells[columns![column]] ?? '';
        const name = cell('picture');
        const known = pictures.get(name);
        const size = columns.width >= 0 ? { width: cell('width'), height: cell('height') } : {};
        const picture = known ?? { name, at: `line ${line}`, unit, ...size, objects: [] };
        if (!known) pictures.set(name, picture);
        const outline = outlineOf(cell, unit, pixels);
        if (!outline) continue;
        const label = nameOf?.get(cell('label')) ?? cell('label');
        picture.objects.push({ at: `line ${line}`, label, outline, crowd: cell('group') === '1' });
      }
      return columns && [...pictures.values()];
    },
  };
}

/** undefined where the row marks nothing. */
function outlineOf(
  cell: (column: keyof Columns) => string,
  unit: 'pixels' | 'shares',
  pixels: VocPixels,
): Outline | undefined {
  const box = cell('box');
  if (box !== '') {
    const numbers = box
      .replace(/[[\]()]/g, '')
      .split(/[\s,;]+/)
      .filter((text) => text !== '')
      .map(Number);
    const [x, y, width, height] = numbers as [number, number, number, number];
    return numbers.length === 4
      ? sides(x, y, width, height)
      : { problem: `expected [x, y, width, height], found ${JSON.stringify(box)}` };
  }
  const texts = (['x1', 'y1', 'x2', 'y2'] as const).map(cell);
  if (texts.every((text) => text === '')) return undefined;
  const [x1, y1, x2, y2] = texts.map(toNumber) as [number, number, number, number];
  if (![x1, y1, x2, y2].every(Number.isFinite))
    return { problem: `expected four numbers, found ${JSON.stringify(texts.join(','))}` };
  if (unit === 'pixels') return pixelCorners(pixels, x1, y1, x2, y2);
  const wrong = [x1, y1, x2, y2].find((share) => share < 0 || share > 1);
  return wrong === undefined
    ? corners(x1, y1, x2, y2)
    : { problem: `expected shares of the picture, from 0 to 1, found ${wrong}` };
}

/** undefined where the row is no head of such a table. */
function columnsOf(head: readonly string[]): Columns | undefined {
  const at = (names: readonly string[]) =>
    Math.max(
      -1,
      ...names
        .map((name) => head.indexOf(name))
        .filter((i) => i >= 0)
        .slice(0, 1),
    );
  const columns = Object.fromEntries(
    Object.entries(columnNames).map(([column, names]) => [column, at(names)]),
  ) as Columns;
  const hasCorners = columns.x1 >= 0 && columns.y1 >= 0 && columns.x2 >= 0 && columns.y2 >= 0;
  return columns.picture >= 0 && (hasCorners || columns.box >= 0) ? columns : undefined;
}

/** The names of labels, a row each: what the other file calls it, and what it is called. */
async function labelNames(path: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for await (const { cells } of csvRows(path)) if (cells[0] && cells[1]) names.set(cells[0], cells[1]);
  return names;
}
