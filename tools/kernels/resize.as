// The two passes of a separable resize of 8-bit RGB; src/data/image/resizeKernel.ts says what they mean.
//
// AssemblyScript: TypeScript's syntax, WebAssembly's types. `npm run kernels` makes src/data/image/resizeKernel.wasm.ts of it.
// Both passes read up to 16 bytes past the end of their last row; the second one writes as many, and reads one row more.
//
// A weight w of 22 fractional bits does not fit the 16-bit lanes that multiply fastest, so it comes in two: w = high x 2^15 + low.
// The two sums are put together at the end, which loses nothing: whatever is beyond 32 bits on the way cancels.

const fractionBits: i32 = 22;
const half: i32 = 1 << (fractionBits - 1);
const lowBits: i32 = 15;

// Weights lie in pairs of taps: two high parts, two low ones, 16 bits each. A tap after an odd last one has a weight of 0.
const pairBytes: i32 = 8;
const lowOffset: i32 = 4;

// [rows, sourceStride bytes] -> [rows, columns x 3]
export function resampleColumns(
  source: usize,
  sourceStride: i32,
  rows: i32,
  target: usize,
  columns: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  // Two pixels, channel by channel: r r g g b b 0 0, 16 bits each.
  const pair = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  // Four rows at a time have the same taps. After the last row come repetitions of it, which change nothing.
  const last = rows - 1;
  for (let y = 0; y < rows; y += 4) {
    const y1 = min(y + 1, last);
    const y2 = min(y + 2, last);
    const y3 = min(y + 3, last);
    const row0 = source + y * sourceStride;
    const row1 = source + y1 * sourceStride;
    const row2 = source + y2 * sourceStride;
    const row3 = source + y3 * sourceStride;
    let to0 = target + y * columns * 3;
    let to1 = target + y1 * columns * 3;
    let to2 = target + y2 * columns * 3;
    let to3 = target + y3 * columns * 3;
    let weightRow = weights;
    for (let x = 0; x < columns; x++, weightRow += stride) {
      let from = load<i32>(first + (x << 2)) * 3;
      let weight = weightRow;
      let high0 = i32x4.splat(0); // red, green, blue, nothing
      let high1 = high0;
      let high2 = high0;
      let high3 = high0;
      let low0 = i32x4.splat(half);
      let low1 = low0;
      let low2 = low0;
      let low3 = low0;
      for (let left = load<i32>(count + (x << 2)); left > 0; left -= 2) {
        const high = v128.load32_splat(weight);
        const low = v128.load32_splat(weight, lowOffset);
        const pixels0 = i8x16.swizzle(v128.load(row0 + from), pair);
        const pixels1 = i8x16.swizzle(v128.load(row1 + from), pair);
        const pixels2 = i8x16.swizzle(v128.load(row2 + from), pair);
        const pixels3 = i8x16.swizzle(v128.load(row3 + from), pair);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pixels0, high));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pixels1, high));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pixels2, high));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pixels3, high));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pixels0, low));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pixels1, low));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pixels2, low));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pixels3, low));
        from += 6;
        weight += pairBytes;
      }
      // Narrowing saturates: this is the clip to 0 .. 255.
      const pixels01 = i16x8.narrow_i32x4_s(joined(high0, low0), joined(high1, low1));
      const pixels23 = i16x8.narrow_i32x4_s(joined(high2, low2), joined(high3, low3));
      const pixels = i8x16.narrow_i16x8_u(pixels01, pixels23);
      v128.store16_lane(to0, pixels, 0);
      v128.store8_lane(to0, pixels, 2, 2);
      v128.store16_lane(to1, pixels, 2);
      v128.store8_lane(to1, pixels, 6, 2);
      v128.store16_lane(to2, pixels, 4);
      v128.store8_lane(to2, pixels, 10, 2);
      v128.store16_lane(to3, pixels, 6);
      v128.store8_lane(to3, pixels, 14, 2);
      to0 += 3;
      to1 += 3;
      to2 += 3;
      to3 += 3;
    }
  }
}

// [any, bytes] -> [rows, bytes], targetStride bytes from one row of the result to the next
export function resampleRows(
  source: usize,
  bytes: i32,
  target: usize,
  targetStride: i32,
  rows: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  for (let y = 0; y < rows; y++) {
    const row = source + load<i32>(first + (y << 2)) * bytes;
    const taps = load<i32>(count + (y << 2));
    for (let x = 0; x < bytes; x += 16) {
      // 16 bytes of the result: a .. d are four each.
      let aHigh = i32x4.splat(0);
      let bHigh = aHigh;
      let cHigh = aHigh;
      let dHigh = aHigh;
      let aLow = i32x4.splat(half);
      let bLow = aLow;
      let cLow = aLow;
      let dLow = aLow;
      let from = row + x;
      let weight = weights;
      for (let left = taps; left > 0; left -= 2) {
        const high = v128.load32_splat(weight);
        const low = v128.load32_splat(weight, lowOffset);
        const one = v128.load(from);
        const other = v128.load(from + bytes);
        const near = i8x16.shuffle(one, other, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const far = i8x16.shuffle(one, other, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const a = i16x8.extend_low_i8x16_u(near);
        const b = i16x8.extend_high_i8x16_u(near);
        const c = i16x8.extend_low_i8x16_u(far);
        const d = i16x8.extend_high_i8x16_u(far);
        aHigh = i32x4.add(aHigh, i32x4.dot_i16x8_s(a, high));
        bHigh = i32x4.add(bHigh, i32x4.dot_i16x8_s(b, high));
        cHigh = i32x4.add(cHigh, i32x4.dot_i16x8_s(c, high));
        dHigh = i32x4.add(dHigh, i32x4.dot_i16x8_s(d, high));
        aLow = i32x4.add(aLow, i32x4.dot_i16x8_s(a, low));
        bLow = i32x4.add(bLow, i32x4.dot_i16x8_s(b, low));
        cLow = i32x4.add(cLow, i32x4.dot_i16x8_s(c, low));
        dLow = i32x4.add(dLow, i32x4.dot_i16x8_s(d, low));
        from += bytes << 1;
        weight += pairBytes;
      }
      const ab = i16x8.narrow_i32x4_s(joined(aHigh, aLow), joined(bHigh, bLow));
      const cd = i16x8.narrow_i32x4_s(joined(cHigh, cLow), joined(dHigh, dLow));
      v128.store(target + x, i8x16.narrow_i16x8_u(ab, cd));
    }
    target += targetStride;
    weights += stride;
  }
}

// @ts-ignore: decorators of functions are AssemblyScript's
@inline
function joined(high: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, lowBits), low), fractionBits);
}
