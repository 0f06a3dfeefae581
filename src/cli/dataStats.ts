/** `cmtdet data stats A.json [--out stats.png]`: distributions of a data set, in numbers and as a picture. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseCoco } from '../data/coco/parseCoco.js';
import { type DataStats, dataStats, type Histogram } from '../data/coco/stats.js';
import { makeFolder } from '../formats/makeFolder.js';
import { refuseOverwriting } from '../run/refuseOverwriting.js';
import { print, printJson, table } from './console.js';

export interface DataStatsOptions {
  /** A PNG to write. */
  readonly out?: string;
  readonly json?: boolean;
}

export async function runDataStats(annotations: string, { out, json }: DataStatsOptions): Promise<void> {
  refuseOverwriting([out], [annotations]);
  const stats = dataStats(parseCoco(annotations));
  if (out !== undefined) {
    const { drawDataStats } = await import('../draw/dataCharts.js'); // half a second to load
    const picture = await drawDataStats(stats);
    makeFolder(dirname(out));
    await writeFile(out, picture);
  }
  if (json) printJson(stats);
  else report(stats, out);
}

function report({ pictures, boxes, classes, sides, ratios, perPicture }: DataStats, out: string | undefined): void {
  print(`${pictures} pictures, ${boxes} boxes that are of use\n`);
  print(
    table(
      ['class', 'boxes', 'pictures'],
      classes.map(({ name, boxes, pictures }) => [name, boxes, pictures]),
    ),
  );
  const line = ({ labels, counts }: Histogram) =>
    labels.flatMap((label, i) => (counts[i]! > 0 ? [`${label}: ${counts[i]}`] : [])).join(', ');
  print(`\nside of boxes from ... pixels  ${line(sides)}`);
  print(`height / width from ...        ${line(ratios)}`);
  print(`boxes in a picture from ...    ${line(perPicture)}`);
  if (out !== undefined) print(out);
}
