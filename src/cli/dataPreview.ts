/** `cmtdet data preview`: the batches of a training run as sheets of pictures. */
import { loadConfig } from '../config/load.js';
import { preview } from '../run/preview.js';
import { print, printJson } from './console.js';
import { dataObserver } from './dataObserver.js';
import { LiveLine } from './liveLine.js';

export interface DataPreviewOptions {
  readonly out: string;
  readonly batches: number;
  readonly epoch: number;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** Draws the first batches of an epoch, as the network would see them. */
export async function runDataPreview(configFile: string, options: DataPreviewOptions): Promise<void> {
  const { set, json, ...rest } = options;
  const config = await loadConfig(configFile, set);
  const line = new LiveLine();
  const onProgress = (done: number, total: number) => line.update(`${done} of ${total} sheets`);
  const observer = { ...dataObserver(), onProgress };
  const sheets = await preview({ config, ...rest, observer }).finally(() => line.clear());
  if (json) {
    printJson(sheets);
    return;
  }
  for (const { sheet, pictures } of sheets)
    print(`${sheet}: ${pictures.length} of ${pictures[0]!.width} x ${pictures[0]!.height}`);
  const anchors = sheets.flatMap(({ pictures }) => pictures.flatMap(({ boxes }) => boxes.map((box) => box.anchors)));
  if (anchors.length > 0) print(anchorsLine(anchors));
}

/**
 * A summary of how many anchors learn each box. Boxes with one anchor are learnt slowly: it is the one that overlaps them most,
 * even if that is little.
 */
function anchorsLine(anchors: readonly number[]): string {
  const sorted = anchors.toSorted((a, b) => a - b);
  const few = sorted.filter((count) => count <= 1).length;
  return (
    `${sorted.length} boxes, each learnt by ${sorted[0]} to ${sorted.at(-1)} anchors, median ${sorted[sorted.length >> 1]}` +
    (few > 0 ? `; by one at most: ${few} (model.head.anchors, data.shortSide)` : '')
  );
}
