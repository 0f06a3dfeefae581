import { checkClassificationDataset } from '../data/classification/check.js';
import { openClassificationDataset } from '../data/classification/openDataset.js';
import { DatasetError, exitCodes, UsageError } from '../errors.js';
import { escapeControls, escapeLines } from '../formats/controlCharacters.js';
import { print, printJson, table, warn } from './console.js';
import type { DataCheckOptions } from './dataCheck.js';
import { lookingLine } from './lookingLine.js';

/** `cmtdet data check FOLDER|TAR`: decodes every picture of a classification data set. Exit code 1 if one cannot be read. */
export async function runClassesCheck(
  root: string,
  images: string | undefined,
  options: DataCheckOptions,
): Promise<void> {
  refuseWhatIsOfCoco(root, images, options);
  const dataset = await openClassificationDataset(root, { emptyClasses: true }); // it may be the one to measure on
  const health = await checkClassificationDataset(dataset, {
    pixels: options.pixels ?? true,
    onProgress: lookingLine(),
  });
  if (health.bad.length > 0) process.exitCode = exitCodes.userProblem;
  const warnings = (dataset.repairs ?? []).map(({ message }) => message);
  if (options.json) {
    printJson({ ...health, warnings });
    return;
  }
  for (const warning of warnings) warn(warning);
  print(
    table(
      ['class', 'pictures'],
      health.classes.map(({ name, pictures }) => [name, pictures]),
    ),
  );
  for (const [name, size] of Object.entries({ smallest: health.smallest, largest: health.largest })) {
    if (size) print(`${name}: ${size.width} x ${size.height}, ${escapeControls(size.file)}`);
  }
  const problems = health.bad.map(({ file, reason }) => ({ at: file, message: reason }));
  print(problems.length > 0 ? `\n${escapeLines(new DatasetError(root, problems).message)}` : '\nNo problems.');
}

/** @throws UsageError naming what is given and says nothing about class folders */
function refuseWhatIsOfCoco(root: string, images: string | undefined, { against, clean }: DataCheckOptions): void {
  const given = [
    ...(images === undefined ? [] : [`a folder of pictures (${images})`]),
    ...(against === undefined ? [] : ['--against']),
    ...(clean === undefined ? [] : ['--clean']),
  ];
  if (given.length > 0)
    throw new UsageError(`${root} has class folders: leave out ${given.join(' and ')}, which a COCO json takes`);
}
