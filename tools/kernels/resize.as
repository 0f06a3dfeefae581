// The two passes of a separable resize of 8-bit RGB, 16 bytes at a time; src/data/image/resizeKernel.ts says what they mean.
//
// AssemblyScript: TypeScript's syntax, WebAssembly's types. `npm run kernels` makes src/data/image/resizeKernel.wasm.ts of it.
// Both passes read and write up to 16 bytes past the end of their last row.

const fractionBits: i32 = 22;
const half: i32 = 1 << (fractionBits - 1);

// [rows, sourceStride bytes] -> [rows, columns x 3]
export function resampleColumns(
  source: usize,
  sourceStride: usize,
  rows: i32,
  target: usize,
  columns: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  let to = target;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let from = source + load<i32>(first + (x << 2)) * 3;
      let weight = weights + ((x * stride) << 2);
      const end = weight + (load<i32>(count + (x << 2)) << 2);
      let sum = i32x4.splat(half); // red, green, blue, and the next pixel's red, which nobody reads
      for (; weight < end; weight += 4, from += 3) {
        const pixel = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
        sum = i32x4.add(sum, i32x4.mul(pixel, v128.load_splat<i32>(weight)));
      }
      sum = i32x4.shr_s(sum, fractionBits);
      const clipped = i16x8.narrow_i32x4_s(sum, sum); // narrowing saturates: this is the clip to 0 .. 255
      v128.store_lane<u32>(to, i8x16.narrow_i16x8_u(clipped, clipped), 0);
      to += 3;
    }
    source += sourceStride;
  }
}

// [any, bytes] -> [rows, bytes]
export function resampleRows(
  source: usize,
  bytes: i32,
  target: usize,
  rows: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  for (let y = 0; y < rows; y++) {
    const row = source + load<i32>(first + (y << 2)) * bytes;
    const weight = weights + ((y * stride) << 2);
    const taps = load<i32>(count + (y << 2));
    for (let x = 0; x < bytes; x += 16) {
      let a = i32x4.splat(half);
      let b = a;
      let c = a;
      let d = a;
      let from = row + x;
      for (let k = 0; k < taps; k++, from += bytes) {
        const w = v128.load_splat<i32>(weight + (k << 2));
        const pixels = v128.load(from);
        const low = i16x8.extend_low_i8x16_u(pixels);
        const high = i16x8.extend_high_i8x16_u(pixels);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), w));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), w));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), w));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), w));
      }
      const low = i16x8.narrow_i32x4_s(i32x4.shr_s(a, fractionBits), i32x4.shr_s(b, fractionBits));
      const high = i16x8.narrow_i32x4_s(i32x4.shr_s(c, fractionBits), i32x4.shr_s(d, fractionBits));
      v128.store(target + x, i8x16.narrow_i16x8_u(low, high));
    }
    target += bytes;
  }
}
