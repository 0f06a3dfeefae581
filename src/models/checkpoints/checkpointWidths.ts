import { CheckpointError, type Problem } from '../../errors.js';
import type { CmtWidths, PartialShape } from './cmtAuthorNames.js';

/** Shapes by our names, in our layout. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * The widths of the network that a checkpoint holds, from a few of its shapes; no file or variant name is asked.
 *
 * @param source of the shapes, for messages
 * @param nameInFile what the file calls a parameter of ours, likewise
 * @throws CheckpointError that lists the parameters without which nothing can be said
 */
export function widthsOfShapes(
  source: string,
  shapes: Shapes,
  nameInFile: (ours: string) => string = (ours) => ours,
): CmtWidths {
  const problems: Problem[] = [];
  const side = (name: string, rank: number, axis: number): number | undefined => {
    const shape = shapes.get(name);
    return shape?.length === rank ? shape[axis] : undefined;
  };
  const needed = (name: string, axis: number): number => {
    const found = side(name, 4, axis);
    if (!found) problems.push({ at: nameInFile(name), message: describe(shapes.get(name)) });
    return found ?? 0;
  };
  const stages = [0, 1, 2, 3].map((s) => `backbone.stages.${s}`);
  const stem = needed('backbone.stem.conv1.weight', 3);
  const dims = stages.map((stage) => needed(`${stage}.patch.conv.weight`, 3));
  const hidden = stages.map((stage) => needed(`${stage}.blocks.0.irffn.expand.weight`, 3));
  if (problems.length > 0)
    throw new CheckpointError(
      source,
      problems,
      'This is not a CMT, or not the whole of one; its shapes say which one.',
    );
  return {
    stem,
    dims,
    hidden,
    depths: depthsOfNames(shapes.keys(), /^backbone\.stages\.(\d)\.blocks\.(\d+)\./),
    // Every head of the family is as wide as the first stage, which has one.
    heads: stages.map((stage, s) => side(`${stage}.positionBias`, 3, 0) ?? dims[s]! / dims[0]!),
    reductions: stages.map((stage) => side(`${stage}.blocks.0.attention.reduce.weight`, 4, 0) ?? 1),
    inputSize: inputSizeOf(side(`${stages[0]}.positionBias`, 3, 1)),
    headChannels: side('expand.weight', 4, 3),
    classes: side('head.weight', 2, 1),
  };
}

/** Blocks of the four stages: how many of 0, 1, 2, ... `pattern` finds as (stage, block) in the names. */
export function depthsOfNames(names: Iterable<string>, pattern: RegExp): number[] {
  const blocks = [0, 1, 2, 3].map(() => new Set<number>());
  for (const name of names) {
    const [, stage, block] = pattern.exec(name) ?? [];
    if (stage !== undefined) blocks['0123'.includes(stage) ? Number(stage) : 'abcd'.indexOf(stage)]?.add(Number(block));
  }
  return blocks.map((found) => {
    let depth = 0;
    while (found.has(depth)) depth++;
    return depth;
  });
}

/** Pixels, from the tokens of the first stage, a square of 4 × 4 pixels each. */
function inputSizeOf(tokens: number | undefined): number | undefined {
  const side = Math.sqrt(tokens ?? Number.NaN);
  return Number.isInteger(side) ? side * 4 : undefined;
}

function describe(shape: PartialShape | undefined): string {
  return shape === undefined ? 'is missing' : `expected 4 axes, found [${shape.join(', ')}]`;
}

/**
 * Hidden width ÷ channels: the smallest number r for which ⌊r × channels⌋ is the hidden width in every stage; undefined
 * where no number is.
 */
export function hiddenRatio({ dims, hidden }: CmtWidths): number | undefined {
  // A hair more than the quotient, so that rounding down cannot fall below it.
  const ratio = Math.max(...dims.map((channels, s) => hidden[s]! / channels)) * (1 + 2 ** -40);
  return dims.every((channels, s) => Math.trunc(channels * ratio) === hidden[s]) ? ratio : undefined;
}
