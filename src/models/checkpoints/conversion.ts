/** What became of the tensors of a checkpoint that were brought under other names. */
import type { NamedArray } from '../../formats/namedArray.js';

/** A tensor whose shape is not the one that the rest of the network asks for. Shapes are in the file's layout. */
export interface ShapeDifference {
  readonly name: string;
  /** null: any number. */
  readonly expected: readonly (number | null)[];
  readonly found: readonly number[];
}

/** A checkpoint under the other names, and what became of each tensor. */
export interface Conversion {
  /** `import`: to our names. */
  readonly direction: 'import' | 'export';
  readonly tensors: Map<string, NamedArray>;
  readonly mapped: readonly { readonly from: string; readonly to: string; readonly shape: readonly number[] }[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  readonly otherShape: readonly ShapeDifference[];
  /** Names, as the file would have them, of what the network needs and the file lacks. */
  readonly missing: readonly string[];
}

export const reasonOfCounter = "counter of PyTorch's BatchNorm";

/** Names as they are without the word for the backbone of a whole network before them. */
export const withoutBackbone = (name: string): string => name.replace(/^backbone\./, '');
