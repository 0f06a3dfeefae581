/** `cmtdet new DATA --out my.yaml`: a config for somebody's own data. */
import type { VocPixels } from '../data/coco/convert/voc.js';
import { trainCommand } from '../run/newConfig/configText.js';
import { type NewConfig, newConfig } from '../run/newConfig/newConfig.js';
import { firstOf, note, print, printJson, table, warn } from './console.js';
import { dataObserver } from './dataObserver.js';

export interface NewCommandOptions {
  readonly out: string;
  readonly images?: string;
  readonly names?: string;
  readonly pixels?: VocPixels;
  readonly val?: number;
  readonly seed?: number;
  readonly minutes?: number;
  readonly initFrom?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function runNew(data: string, { json, ...options }: NewCommandOptions): Promise<void> {
  const made = await newConfig({ data, ...options, observer: { ...dataObserver(), onFact: note } });
  if (json) printJson(jsonOf(made));
  else {
    const { warnings, facts } = factsOf(made);
    for (const warning of warnings) warn(warning);
    for (const fact of facts) print(fact);
    print(`\nnext: npx ${trainCommand(made.config, made.start)}`);
  }
}

/** What was found and written, a line each, and what may be wrong with it. */
export function factsOf({ config, own, advice, classes }: NewConfig): { warnings: string[]; facts: string[] } {
  const { train, val, test } = own;
  const { resize, anchors, minutes, batchSize } = advice;
  const unmeasured = val === null ? [] : classes.filter((one) => one.train > 0 && one.val === 0);
  const warnings = [
    ...(own.unreadable.length > 0
      ? [`${own.unreadable.length} pictures cannot be read: ${firstOf(own.unreadable)}`]
      : []),
    ...(unmeasured.length > 0
      ? [`no box to measure on of ${unmeasured.length} classes: ${firstOf(unmeasured.map(({ name }) => name))}`]
      : []),
  ];
  const split = own.valIs === 'given' ? 'as the data has it' : 'split by class';
  const alike = own.alike > 0 ? `; ${own.alike} look like another one and are on its side` : '';
  const facts = [
    `${own.form === 'coco' ? 'COCO json' : own.form}: ${train.file.images.length} pictures to learn from, ${val?.file.images.length ?? 0} to measure on (${split}${alike})`,
    ...(own.convention === undefined ? [] : [own.convention]),
    ...(test === null
      ? []
      : [`${test.annotations}: ${test.file.images.length} pictures that the data keeps for the end`]),
    ...own.written.filter((path) => path !== test?.annotations).map((path) => `${path}: written`),
    '',
    table(
      ['boxes', 'train', 'val'],
      classes.map(({ name, train, val }) => [name, train, val]),
    ),
    '',
    `input    ${resize.value.shortSide} x ${resize.value.longSide}: ${resize.why}`,
    `anchors  reach ${Math.floor(100 * anchors.reached)} % of the boxes`,
    `batches  of ${batchSize.value}: ${batchSize.why}`,
    `time     ${minutes.value} minutes: ${minutes.why}`,
    `${config}: written, with a reason for each value`,
  ];
  return { warnings, facts };
}

function jsonOf({ config, own, advice, classes }: NewConfig) {
  const { form, train, val, test, valIs, alike, unreadable, written } = own;
  const parts = Object.entries({ train, val, test }).map(([side, part]) => [
    side,
    part && { annotations: part.annotations, images: part.images, pictures: part.file.images.length },
  ]);
  return { config, form, ...Object.fromEntries(parts), valIs, alike, unreadable, written, classes, advice };
}
