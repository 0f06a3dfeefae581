/** Checkpoints of others: under our names whichever network they are of, and back. */
import { CheckpointError } from '../../errors.js';
import type { NamedArray } from '../../formats/namedArray.js';
import { exportAuthors, hasAuthorsNames, importAuthors, oursOfCmt } from './cmtCheckpoint.js';
import { type Conversion, withoutBackbone } from './conversion.js';
import { type Described, describeCmt, describeResnet } from './describeWidths.js';
import type { ClassifierDescription } from './description.js';
import { isBackboneName, withoutPrefixes } from './prefixes.js';
import { exportTorchvision, importTorchvision, isResnetName, isTorchvisionName } from './torchvisionCheckpoint.js';

/** A conversion, and which network the tensors are of. */
export interface ConvertedCheckpoint extends Conversion {
  /** Whose names the others are: of the file, or of the result. */
  readonly other: string;
  /** Its widths, as the shapes tell them. */
  readonly network: object;
  /** The same in words. */
  readonly summary: string;
  /** Of a whole classifier, so that every command takes the result. */
  readonly description: ClassifierDescription | undefined;
}

/**
 * Converts a checkpoint to the other naming: the CMT authors' or torchvision's to ours, ours to theirs. The names say which.
 *
 * Words that training programs put before all names (`module.`, `model.`, ...) are passed over. All values become 32-bit floats. What belongs to no backbone or classifier is left out.
 *
 * @param source of the tensors, for messages
 * @throws CheckpointError where the tensors are of no network that we have
 */
export function convertCheckpoint(source: string, tensors: ReadonlyMap<string, NamedArray>): ConvertedCheckpoint {
  const named = withoutPrefixes(tensors);
  switch (kindOf(source, named)) {
    case 'torchvision':
      return ofResnet(importTorchvision(source, named));
    case 'resnet':
      return ofResnet(exportTorchvision(source, named));
    case 'authors':
      return ofCmt(importAuthors(source, named));
    case 'cmt':
      return ofCmt(exportAuthors(source, named));
  }
}

/**
 * The parameters of a backbone or classifier under our names, whether a file has them so or under the names of others.
 *
 * @param source of the tensors, for messages
 * @throws CheckpointError where the tensors are of no network that we have
 */
export function underOurNames(
  source: string,
  tensors: ReadonlyMap<string, NamedArray>,
): { readonly tensors: ReadonlyMap<string, NamedArray>; readonly described: Described } {
  const named = withoutPrefixes(tensors);
  switch (kindOf(source, named)) {
    case 'torchvision': {
      const conversion = importTorchvision(source, named);
      return { tensors: conversion.tensors, described: describeResnet(conversion.widths) };
    }
    case 'resnet': {
      const back = importTorchvision(source, exportTorchvision(source, named).tensors);
      return { tensors: back.tensors, described: describeResnet(back.widths) };
    }
    case 'authors': {
      const conversion = importAuthors(source, named);
      return { tensors: conversion.tensors, described: describeCmt(conversion.widths) };
    }
    case 'cmt': {
      const ours = oursOfCmt(source, named);
      return { tensors: ours.tensors, described: describeCmt(ours.widths) };
    }
  }
}

/** Whose names they are. */
function kindOf(
  source: string,
  tensors: ReadonlyMap<string, NamedArray>,
): 'torchvision' | 'resnet' | 'authors' | 'cmt' {
  const names = [...tensors.keys()].map(withoutBackbone);
  if (names.some(isTorchvisionName)) return 'torchvision';
  if (names.some(isResnetName)) return 'resnet';
  if (!names.some((name) => isBackboneName(name) || name.includes('LMHSA'))) {
    const found = names.slice(0, 5).join(', ') || 'no tensors';
    const message =
      "expected stem_conv1.weight (the CMT authors' names), layer1.0.conv1.weight (torchvision's) or " +
      `backbone.stem.conv1.weight (ours), found ${found}`;
    throw new CheckpointError(source, [{ at: 'names', message }], 'This is no checkpoint of a CMT or a ResNet.');
  }
  return hasAuthorsNames(source, tensors) ? 'authors' : 'cmt';
}

function ofCmt({ widths, ...conversion }: ReturnType<typeof importAuthors>): ConvertedCheckpoint {
  const classes = widths.classes === undefined ? 'backbone only' : `${widths.classes} classes`;
  return {
    ...conversion,
    other: "the authors' names",
    network: widths,
    summary: `channels ${widths.dims.join(', ')}; blocks ${widths.depths.join(', ')}; ${classes}`,
    description: describeCmt(widths).description,
  };
}

function ofResnet({ widths, ...conversion }: ReturnType<typeof importTorchvision>): ConvertedCheckpoint {
  const classes = widths.classes === undefined ? 'backbone only' : `${widths.classes} classes`;
  return {
    ...conversion,
    other: "torchvision's names",
    network: widths,
    summary: `ResNet-${widths.depth}; ${classes}`,
    description: describeResnet(widths).description,
  };
}
