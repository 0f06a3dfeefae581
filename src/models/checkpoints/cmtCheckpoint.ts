/** Checkpoints of CMT under the names of the authors' release and under ours. */
import { CheckpointError } from '../../errors.js';
import { inverseAxes, type NamedArray, permuted } from '../../formats/namedArray.js';
import { depthsOfNames, widthsOfShapes } from './checkpointWidths.js';
import { type CmtWidths, cmtNames, type NamePair, type PartialShape } from './cmtAuthorNames.js';
import { type Conversion, reasonOfCounter, withoutBackbone } from './conversion.js';

export type CmtConversion = Conversion & { readonly widths: CmtWidths };

/** Our parameters of a CMT, checked: those of a backbone alone may lack `backbone.`. */
export function oursOfCmt(
  source: string,
  tensors: ReadonlyMap<string, NamedArray>,
): Pick<CmtConversion, 'widths' | 'tensors'> {
  const { pairs, found } = findOurs(tensors);
  const { widths, fitting } = checkShapes(source, pairs, found);
  return { widths, tensors: new Map(fitting.map(({ pair, array }) => [pair.ours!, array])) };
}

const anotherNetwork =
  'That is another network, into which its weights do not fit: full convolutions make the keys, nothing normalises between ' +
  "stages, the feed-forward network's shortcut comes later. model.backbone.positionBias: table gives its kind of position bias.";

/** Whether the names are the authors' and not ours. @throws CheckpointError where they are of another implementation */
export function hasAuthorsNames(source: string, tensors: ReadonlyMap<string, NamedArray>): boolean {
  const names = [...tensors.keys()].map(withoutBackbone);
  if (names.some((name) => name.includes('.LMHSA.')))
    throw new CheckpointError(source, [{ at: 'names', message: "these are FlyEgle/CMT-pytorch's" }], anotherNetwork);
  const theirs = names.filter((name) => /^(stem_|patch_embed_|relative_pos_|blocks_)/.test(name)).length;
  const ours = names.filter((name) => /^(stem|stages)\./.test(name)).length;
  return theirs > ours;
}

/**
 * The authors' parameters under our names and in our layout.
 *
 * @param tensors of the authors' release, or of a backbone alone, whose names may begin with `backbone.`
 * @throws CheckpointError where the tensors are of no CMT
 */
export function importAuthors(source: string, tensors: ReadonlyMap<string, NamedArray>): CmtConversion {
  const pairs = [...cmtNames(depthsOfNames([...tensors.keys()].map(withoutBackbone), /^blocks_([a-d])\.(\d+)\./))];
  const found: Found[] = [];
  for (const pair of pairs) {
    const name = tensors.has(pair.theirs) ? pair.theirs : `backbone.${pair.theirs}`;
    const array = tensors.get(name);
    if (array && pair.ours) found.push({ pair, name, array: permuted(array, pair.axes) });
  }
  const theirNames = new Map(pairs.map(({ ours, theirs }) => [ours, theirs]));
  const { widths, fitting, otherShape, missing } = checkShapes(
    source,
    pairs,
    found,
    (ours) => theirNames.get(ours) ?? ours,
  );
  const inFile = (shape: PartialShape, { axes }: NamePair) =>
    axes ? inverseAxes(axes).map((axis) => shape[axis]) : shape;
  return {
    direction: 'import',
    widths,
    tensors: new Map(fitting.map(({ pair, array }) => [pair.ours!, array])),
    mapped: fitting.map(({ pair, name, array }) => ({ from: name, to: pair.ours!, shape: array.shape })),
    leftOut: leftOut(tensors, [...fitting, ...otherShape]),
    otherShape: otherShape.map(({ pair, name, expected }) => ({
      name,
      expected: inFile(expected, pair).map((side) => side ?? null),
      found: tensors.get(name)!.shape,
    })),
    missing: missing.map(({ theirs }) => theirs),
  };
}

/**
 * Our parameters of a backbone or classifier under the authors' names and in PyTorch's layout, for `load_state_dict`.
 *
 * @param tensors of a classifier, a detector (whose neck and head are left out), or a backbone
 * @throws CheckpointError where the tensors are of no CMT
 */
export function exportAuthors(source: string, tensors: ReadonlyMap<string, NamedArray>): CmtConversion {
  const { pairs, found } = findOurs(tensors);
  const { widths, fitting, otherShape, missing } = checkShapes(source, pairs, found);
  const converted = new Map<string, NamedArray>();
  for (const { pair, array } of fitting)
    converted.set(pair.theirs, permuted(array, pair.axes && inverseAxes(pair.axes)));
  for (const { theirs, ours, shape } of pairs)
    if (!ours && shape(widths)) converted.set(theirs, { dtype: 'I64', shape: [], data: new BigInt64Array(1) });
  return {
    direction: 'export',
    widths,
    tensors: converted,
    mapped: fitting.map(({ pair, name }) => ({
      from: name,
      to: pair.theirs,
      shape: converted.get(pair.theirs)!.shape,
    })),
    leftOut: leftOut(tensors, [...fitting, ...otherShape]),
    otherShape: otherShape.map(({ name, expected }) => ({
      name,
      expected: expected.map((side) => side ?? null),
      found: tensors.get(name)!.shape,
    })),
    missing: missing.map(({ ours }) => ours!),
  };
}

/** The parameters that a file has under our names; those of a backbone alone may lack `backbone.`. */
function findOurs(tensors: ReadonlyMap<string, NamedArray>): { pairs: NamePair[]; found: Found[] } {
  const names = [...tensors.keys()].map(withoutBackbone);
  const pairs = [...cmtNames(depthsOfNames(names, /^stages\.(\d)\.blocks\.(\d+)\./))];
  const found: Found[] = [];
  for (const pair of pairs) {
    if (!pair.ours) continue;
    const name = tensors.has(pair.ours) ? pair.ours : withoutBackbone(pair.ours);
    const array = tensors.get(name);
    if (array) found.push({ pair, name, array: permuted(array, undefined) });
  }
  return { pairs, found };
}

/** A tensor of the file that has a place in the network. */
interface Found {
  readonly pair: NamePair;
  readonly name: string;
  /** F32, in our layout. */
  readonly array: NamedArray;
}

interface ShapeCheck {
  readonly widths: CmtWidths;
  readonly fitting: Found[];
  /** Shapes in our layout. */
  readonly otherShape: (Found & { readonly expected: PartialShape })[];
  readonly missing: NamePair[];
}

/**
 * Compares the tensors with the network whose widths their shapes give: which tensors fit, and which parameters of the network
 * have none.
 */
function checkShapes(
  source: string,
  pairs: readonly NamePair[],
  found: readonly Found[],
  nameInFile?: (ours: string) => string,
): ShapeCheck {
  const widths = widthsOfShapes(source, new Map(found.map(({ pair, array }) => [pair.ours!, array.shape])), nameInFile);
  const byPair = new Map(found.map((one) => [one.pair, one]));
  const check: ShapeCheck = { widths, fitting: [], otherShape: [], missing: [] };
  for (const pair of pairs) {
    const expected = pair.shape(widths);
    if (!pair.ours || !expected) continue;
    const one = byPair.get(pair);
    if (!one) check.missing.push(pair);
    else if (fits(one.array.shape, expected)) check.fitting.push(one);
    else check.otherShape.push({ ...one, expected });
  }
  return check;
}

function fits(shape: readonly number[], expected: PartialShape): boolean {
  return shape.length === expected.length && expected.every((side, axis) => side === undefined || side === shape[axis]);
}

function leftOut(tensors: ReadonlyMap<string, NamedArray>, placed: readonly Found[]): Conversion['leftOut'] {
  const used = new Set(placed.map(({ name }) => name));
  return [...tensors.keys()]
    .filter((name) => !used.has(name))
    .map((name) => ({
      name,
      reason: reasonToLeaveOut(name),
    }));
}

function reasonToLeaveOut(name: string): string {
  if (name.endsWith('.num_batches_tracked')) return reasonOfCounter;
  if (name.includes('.positionBias.tables.'))
    return "a block's table of offsets, where the authors have a grid a stage";
  return 'not of the backbone or classifier';
}
