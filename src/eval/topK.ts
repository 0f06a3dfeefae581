/** How many of a batch's pictures have their class among the first ones. */
export interface TopCounts {
  readonly top1: number;
  readonly top5: number;
}

/**
 * Counts correct answers: a class is among the first k where fewer than k others have a larger logit, or an equal one and a
 * smaller label. A logit that is not finite is never correct.
 *
 * @param logits [B, K]
 * @param labels [B]
 * @param distinct the first so many pictures count
 */
export function countTop(logits: Float32Array, labels: Int32Array, distinct = labels.length): TopCounts {
  const classes = logits.length / labels.length;
  const counts = { top1: 0, top5: 0 };
  for (let i = 0; i < distinct; i++) {
    const place = placeOf(logits.subarray(i * classes, (i + 1) * classes), labels[i]!);
    if (place < 1) counts.top1++;
    if (place < 5) counts.top5++;
  }
  return counts;
}

/** Number of classes before `label`; infinite where its logit is no number. */
function placeOf(logits: Float32Array, label: number): number {
  const own = logits[label]!;
  if (!Number.isFinite(own)) return Number.POSITIVE_INFINITY;
  let before = 0;
  for (let other = 0; other < logits.length; other++) {
    // Written so that a NaN among the others counts as before: such an output is no right answer.
    if (!(logits[other]! < own) && other !== label && !(logits[other] === own && other > label)) before++;
  }
  return before;
}
