/** `cmtdet replay`: an update of a run again, picture by picture. */
import { replay } from '../run/replay.js';
import { note, print, printJson, table } from './console.js';
import { dataObserver } from './dataObserver.js';

export interface ReplayCommandOptions {
  readonly step: number;
  readonly out?: string;
  readonly json?: boolean;
}

export async function runReplay(run: string, { step, out, json }: ReplayCommandOptions): Promise<void> {
  const replayed = await replay({ run, step, out, observer: dataObserver() });
  if (json) {
    printJson(replayed);
    return;
  }
  const { weightsOf, logged, batches } = replayed;
  if (weightsOf !== step - 1)
    note(`the nearest state is of step ${weightsOf}: its weights are not quite those of the step`);
  if (logged !== null) print(`the run noted a loss of ${logged.toPrecision(6)}`);
  for (const { epoch, batch, loss, sheet, pictures } of batches) {
    const names = Object.keys(pictures[0]!.parts);
    const rows = pictures
      .toSorted((a, b) => b.loss - a.loss)
      .map(({ file, loss, parts, boxes }) => [
        file,
        boxes,
        ...[loss, ...names.map((name) => parts[name]!)].map(digits),
      ]);
    print(`epoch ${epoch}, batch ${batch}: loss ${loss.toPrecision(6)}, which is the sum over the pictures (${sheet})`);
    print(table(['picture', 'boxes', 'loss', ...names], rows));
  }
}

const digits = (value: number): string => value.toPrecision(4);
