import { anchorSides, bestIou } from '../../detection/anchorFit.js';
import { type AnchorOptions, retinanetAnchors, retinanetStrides } from '../../detection/anchors.js';
import { inputSize, type ResizeRule } from '../../geometry/size.js';
import type { CocoFile } from './cocoFile.js';
import { boxFault } from './usableBox.js';

/** Below this overlap an anchor says "background" (Lin et al., "Focal Loss for Dense Object Detection", 4). */
const backgroundIou = 0.4;

/** A usable box as the network sees it. */
export interface SeenBox {
  /** Sides in input pixels. */
  readonly width: number;
  readonly height: number;
  readonly categoryId: number;
}

/** Centred on the anchor that suits it best. */
export interface FittedBox extends SeenBox {
  /** With the best anchor. */
  readonly overlap: number;
}

/** Whether every anchor overlaps a box so little that it says "background" there: one that is too small, too large or too long. */
export const isBeyondAnchors = ({ overlap }: FittedBox): boolean => overlap < backgroundIou;

/**
 * Every usable box of a file whose pictures have known sizes.
 *
 * @param resize how pictures are resized before the network sees them
 */
export function boxesAsSeen({ images, annotations }: CocoFile, resize: ResizeRule): SeenBox[] {
  const imageOf = new Map(images.map((image) => [image.id, image]));
  return annotations.flatMap((annotation) => {
    const image = imageOf.get(annotation.image_id);
    if (image?.width === undefined || image.height === undefined || boxFault(annotation, image)) return [];
    const size = { width: image.width, height: image.height };
    const scale = inputSize(size, resize).width / size.width;
    const [width, height] = [annotation.bbox[2] * scale, annotation.bbox[3] * scale];
    return [{ width, height, categoryId: annotation.category_id }];
  });
}

/** {@link boxesAsSeen} beside anchors. @param strides of the levels that have anchors */
export function fitToAnchors(
  file: CocoFile,
  resize: ResizeRule,
  anchors: AnchorOptions = retinanetAnchors,
  strides = retinanetStrides,
): FittedBox[] {
  const sides = anchorSides(anchors, strides);
  return boxesAsSeen(file, resize).map((box) => ({ ...box, overlap: bestIou(sides, [box.width, box.height]) }));
}

/**
 * How many usable boxes overlap every anchor by less than 0.4, even one that is centred on them. Each is learnt by the one anchor
 * that is nearest, if at all.
 */
export function boxesBeyondAnchors(...options: Parameters<typeof fitToAnchors>): number {
  return fitToAnchors(...options).filter(isBeyondAnchors).length;
}
