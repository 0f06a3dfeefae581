/** Multiply-accumulates of the networks, counted from their shapes: convolutions, linear layers and both products of attention. */
import type { Config } from '../config/schema.js';
import { levelNumbers, specOf } from './build.js';
import { type CmtSpec, cmtStrides } from './cmt.js';

/** An input, in pixels; multiples of 32. */
interface InputSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Of the whole network of a config, for one picture.
 *
 * @param classes K
 */
export function modelMacs(config: Config, classes: number, size: InputSize): number {
  const spec = specOf(config.model);
  if (config.task === 'classification')
    return cmtMacs(spec, size) + classifierHeadMacs(spec, size, config.model.headChannels, classes);
  const { neckChannels, headConvs, anchors } = config.model;
  return (
    cmtMacs(spec, size) +
    detectorHeadMacs(spec, size, {
      channels: neckChannels,
      convs: headConvs,
      anchorsPerCell: anchors.scalesPerOctave * anchors.aspectRatios.length,
      classes,
      levels: levelNumbers(config.model),
    })
  );
}

/** Of the backbone, for one picture. */
export function cmtMacs(spec: CmtSpec, { height, width }: InputSize): number {
  const { stemChannels: stem, dims, depths, ratio, reductions } = spec;
  const cells = (stride: number) => (height / stride) * (width / stride);
  let macs = cells(2) * (27 * stem + 2 * 9 * stem * stem);
  for (const [s, channels] of dims.entries()) {
    const tokens = cells(cmtStrides[s]!);
    const reduction = reductions[s]!;
    const keys = tokens / reduction ** 2;
    const hidden = Math.trunc(channels * ratio);
    const reduce = reduction > 1 ? keys * reduction ** 2 * channels : 0;
    const projections = 2 * tokens * channels ** 2 + 2 * keys * channels ** 2;
    const attention = 2 * tokens * keys * channels;
    const feedForward = tokens * (2 * channels * hidden + 9 * hidden);
    const block = tokens * 9 * channels + reduce + projections + attention + feedForward;
    macs += tokens * 4 * (s === 0 ? stem : dims[s - 1]!) * channels + depths[s]! * block;
  }
  return macs;
}

/** Of the classifier's head alone. */
export function classifierHeadMacs(
  spec: CmtSpec,
  { height, width }: InputSize,
  headChannels: number,
  classes: number,
): number {
  return (height / 32) * (width / 32) * spec.dims[3] * headChannels + headChannels * classes;
}

export interface DetectorWidths {
  readonly channels: number;
  readonly convs: number;
  readonly anchorsPerCell: number;
  readonly classes: number;
  /** 3 for P3. */
  readonly levels: readonly number[];
}

/** Of pyramid and head alone. */
export function detectorHeadMacs(spec: CmtSpec, { height, width }: InputSize, widths: DetectorWidths): number {
  const { channels, convs, anchorsPerCell, classes, levels } = widths;
  const cells = (level: number) => Math.ceil(height / 2 ** level) * Math.ceil(width / 2 ** level);
  const square = 9 * channels ** 2;
  let macs = 0;
  for (const level of levels) {
    const count = cells(level);
    if (level <= 5) macs += count * (spec.dims[level - 2]! * channels + square);
    else macs += count * 9 * channels * (level === 6 ? spec.dims[3] : channels);
    macs += count * (2 * convs * square + 9 * channels * anchorsPerCell * (classes + 4));
  }
  return macs;
}
