import { anchorSides, bestIou } from '../../detection/anchorFit.js';
import { type AnchorOptions, retinanetAnchors } from '../../detection/anchors.js';
import { inputSize, type ResizeRule } from '../../geometry/size.js';
import type { CocoFile } from './cocoFile.js';
import { boxFault } from './health.js';

/** Below this overlap an anchor says "background" (Lin et al., "Focal Loss for Dense Object Detection", 4). */
const backgroundIou = 0.4;

/**
 * How many usable boxes overlap every anchor by less than 0.4, even one that is centred on them: too small, too large or too
 * long. Each is learnt by the one anchor that is nearest, if at all.
 *
 * @param resize how pictures are resized before the network sees them
 */
export function boxesBeyondAnchors(
  { images, annotations }: CocoFile,
  resize: ResizeRule,
  anchors: AnchorOptions = retinanetAnchors,
): number {
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const sides = anchorSides(anchors);
  let count = 0;
  for (const annotation of annotations) {
    const image = imageOf.get(annotation.image_id);
    if (image?.width === undefined || image.height === undefined || boxFault(annotation, image)) continue;
    const size = { width: image.width, height: image.height };
    const scale = inputSize(size, resize).width / size.width;
    const box = [annotation.bbox[2] * scale, annotation.bbox[3] * scale] as const;
    if (bestIou(sides, box) < backgroundIou) count++;
  }
  return count;
}
