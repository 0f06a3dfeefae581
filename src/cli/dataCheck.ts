import { boxesBeyondAnchors } from '../data/coco/anchorFit.js';
import type { CocoFile } from '../data/coco/cocoFile.js';
import {
  type CocoHealth,
  cleanCoco,
  cocoHealth,
  learningProblems,
  type Spread,
  sharedFileNames,
} from '../data/coco/health.js';
import { parseCoco } from '../data/coco/parseCoco.js';
import { writeCoco } from '../data/coco/write.js';
import { checkPictures, type PictureReport } from '../data/pictureCheck.js';
import { DatasetError, exitCodes, type Problem } from '../errors.js';
import { escapeLines } from '../formats/controlCharacters.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { firstOf, note, print, printJson, table, warn } from './console.js';
import { lookingLine } from './lookingLine.js';

export interface DataCheckOptions {
  /** Another annotation file that should share no picture with this one. */
  readonly against?: string;
  /** Where to write a copy that training can use as it is. */
  readonly clean?: string;
  /** Decode every picture; false looks at headers only. */
  readonly pixels?: boolean;
  readonly json?: boolean;
}

/** How configs resize pictures unless they say otherwise. */
const usualResize = { shortSide: 800, longSide: 1333 };

/** `cmtdet data check A.json [IMAGES]`: what a training run would make of a data set. Exit code 1 if something is broken. */
export async function runDataCheck(
  annotations: string,
  images: string | undefined,
  options: DataCheckOptions,
): Promise<void> {
  refuseOverwriting([options.clean], [annotations, options.against]);
  const { file, problems } = parseForCheck(annotations);
  const health = file && cocoHealth(file);
  const shared = file && options.against !== undefined ? sharedFileNames(file, parseCoco(options.against)) : undefined;
  const pictures =
    file && images !== undefined
      ? await checkPictures(file, images, { pixels: options.pixels ?? true, onProgress: lookingLine() })
      : undefined;
  const isWhole = problems.length === 0 && !pictures?.broken.length;
  const nothing = file && isWhole ? learningProblems(pictures?.usable ?? file) : [];
  const allProblems = [...problems, ...(pictures?.broken ?? []), ...nothing];
  const warnings =
    file && health ? [...file.repairs.map(({ message }) => message), ...learningWarnings(file, health)] : [];
  if (options.json) {
    const { usable: _, ...looked } = pictures ?? {};
    const found = pictures && { pictures: looked };
    printJson({ ...health, warnings, problems: allProblems, ...found, shared });
  } else {
    for (const warning of warnings) warn(warning);
    if (health) printHealth(health);
    if (pictures) printPictures(pictures);
    if (shared && shared.length > 0) {
      warn(`${shared.length} pictures are in ${options.against} too: ${firstOf(shared)}`);
    }
    if (allProblems.length > 0) print(`\n${escapeLines(new DatasetError(annotations, allProblems).message)}`);
    else print('\nNo problems.');
  }
  if (options.clean !== undefined && file) await writeClean(options.clean, file, pictures);
  if (allProblems.length > 0) process.exitCode = exitCodes.userProblem;
}

/** What can be learnt but will be hard, in sentences with counts. */
function learningWarnings(file: CocoFile, health: CocoHealth): string[] {
  const unseen = health.categories.filter(({ boxes }) => boxes === 0);
  const beyond = boxesBeyondAnchors(file, usualResize);
  return [
    ...(unseen.length > 0
      ? [`${unseen.length} classes have no usable box: ${firstOf(unseen.map(({ name }) => name))}`]
      : []),
    ...(beyond > 0
      ? [
          `${beyond} boxes are so small, large or long that no anchor of RetinaNet overlaps them by 0.4 in pictures of 800 x 1333: other anchors (model.head.anchors) or another size suit them better`,
        ]
      : []),
  ];
}

/** The usable part of the file, and its problems. No file where nothing of it is usable. */
function parseForCheck(annotations: string): { file?: CocoFile; problems: readonly Problem[] } {
  try {
    return { file: parseCoco(annotations), problems: [] };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    try {
      return { file: parseCoco(annotations, { onBad: 'skip' }), problems: error.problems };
    } catch {
      return { problems: error.problems };
    }
  }
}

async function writeClean(path: string, file: CocoFile, pictures: PictureReport | undefined): Promise<void> {
  const clean = cleanCoco(pictures ? pictures.usable : file);
  await writeCoco(path, clean);
  note(`${path}: ${clean.images.length} images, ${clean.annotations.length} boxes (without segmentation)`);
}

function printHealth({ images, boxes, categories }: CocoHealth): void {
  const { crowd, thin, outside } = boxes.unusable;
  const faults = (what: string, { count, first }: typeof crowd) =>
    count > 0 ? [`${count} ${what} (ids ${first.join(', ')}${count > first.length ? ', ...' : ''})`] : [];
  const unusable = [
    ...faults('crowd regions', crowd),
    ...faults('thinner than a pixel', thin),
    ...faults('outside their image', outside),
  ];
  print(
    `images         ${images.total}: ${images.used} with boxes, ${images.empty} without, ${images.onlyUnusable} with unusable ones only`,
  );
  print(
    `image sizes    ${
      images.sizes
        .slice(0, 3)
        .map(({ width, height, count }) => `${width} x ${height} (${count})`)
        .join(', ') || 'not in the file'
    }`,
  );
  print(`boxes          ${boxes.total}: ${[`${boxes.usable} usable`, ...unusable].join(', ')}`);
  if (boxes.overEdge > 0)
    print(`               ${boxes.overEdge} reach over an edge of their image (cut there in training)`);
  if (boxes.repeated > 0) print(`               ${boxes.repeated} repeat another in image, category and place`);
  print(`areas          ${boxes.small} small, ${boxes.medium} medium, ${boxes.large} large (divided at 32^2 and 96^2)`);
  print(`side           ${spreadText(boxes.side)} px, square root of the area`);
  print(`height/width   ${spreadText(boxes.aspectRatio)}`);
  print(`boxes an image ${spreadText(images.boxes)}\n`);
  const rows = categories.map(({ id, name, boxes, images }) => [name, id, boxes, images]);
  print(table(['category', 'id', 'boxes', 'images'], rows));
}

function printPictures({ read, otherSize }: PictureReport): void {
  print(`\npictures       ${read} read without a fault`);
  if (otherSize.length > 0) {
    warn(
      `${otherSize.length} pictures have another size than the file says (the picture's own counts): ${firstOf(otherSize.map(({ at, message }) => `${at} ${message}`))}`,
    );
  }
}

function spreadText(spread: Spread): string {
  if (!spread) return 'n/a';
  const [min, quarter, median, threeQuarters, max] = spread.map((value) => Number(value.toPrecision(3)));
  return `${min} to ${max}, median ${median}, half of them ${quarter} to ${threeQuarters}`;
}
