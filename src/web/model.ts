/** What `cmtdet export --format web` writes beside the network: all that the page must know of it. */

/** How the numbers of a level become boxes. */
export type WebHead =
  | {
      readonly kind: 'retinanet';
      readonly anchors: {
        readonly baseScale: number;
        readonly scalesPerOctave: number;
        readonly aspectRatios: readonly number[];
      };
    }
  | { readonly kind: 'fcos' };

/** `model.json`. */
export interface WebModel {
  /** Of cmtdet. */
  readonly version: string;
  /** In the order of labels. */
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly input: {
    readonly shortSide: number;
    readonly longSide: number;
    /** [height, width] of shapes that pictures are padded to. Absent in models of earlier versions: to multiples of 32. */
    readonly shapes?: readonly (readonly [height: number, width: number])[] | undefined;
    /** Whether colour profiles in files count. Absent in models of earlier versions: they do. */
    readonly colourProfiles?: 'apply' | 'ignore';
  };
  readonly inference: {
    readonly scoreThreshold: number;
    readonly nmsIou: number;
    readonly preNmsTopK: number;
    readonly maxDetections: number;
  };
  readonly head: WebHead;
  /** Input pixels a cell, fine to coarse. */
  readonly strides: readonly number[];
}
