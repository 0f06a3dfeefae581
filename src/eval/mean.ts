/**
 * The mean as NumPy computes it, to the last bit: its pairwise summation adds in eight interleaved rows up to 128
 * numbers and halves longer ranges. 0 / 0 for no numbers.
 */
export function pairwiseMean(values: Float64Array): number {
  return pairwiseSum(values, 0, values.length) / values.length;
}

function pairwiseSum(values: Float64Array, from: number, count: number): number {
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[from + i]!;
    return sum;
  }
  if (count > 128) {
    const half = Math.floor(count / 2);
    const left = half - (half % 8);
    return pairwiseSum(values, from, left) + pairwiseSum(values, from + left, count - left);
  }
  const rows = values.slice(from, from + 8);
  const whole = count - (count % 8);
  for (let i = 8; i < whole; i++) rows[i % 8]! += values[from + i]!;
  const [a, b, c, d, e, f, g, h] = rows as unknown as [number, number, number, number, number, number, number, number];
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (let i = whole; i < count; i++) sum += values[from + i]!;
  return sum;
}
