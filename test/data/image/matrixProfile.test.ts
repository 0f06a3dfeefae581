import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { applyProfile, isSrgb, readMatrixProfile } from '../../../src/data/image/matrixProfile.js';
import { noiseImage } from '../../support/images.js';

/** A profile that sharp knows, out of a picture that carries it. */
async function profileOf(name: 'srgb' | 'p3' | 'cmyk'): Promise<Uint8Array> {
  const bytes = await sharp(noiseImage(8, 8).data, { raw: { width: 8, height: 8, channels: 3 } })
    .toColourspace(name === 'cmyk' ? 'cmyk' : 'srgb')
    .withIccProfile(name)
    .jpeg()
    .toBuffer();
  return (await sharp(bytes).metadata()).icc!;
}

describe('readMatrixProfile', () => {
  it('sRGB itself: the matrix is about 1, and so is the picture', async () => {
    const profile = readMatrixProfile(await profileOf('srgb'))!;
    for (const [i, weight] of profile.matrix.entries())
      expect(Math.abs(weight - (i % 4 === 0 ? 1 : 0))).toBeLessThan(0.001);
    const image = noiseImage(64, 64);
    const before = image.data.slice();
    applyProfile(image, profile);
    for (const [i, value] of image.data.entries()) expect(Math.abs(value - before[i]!)).toBeLessThanOrEqual(1);
  });

  it('Display P3: grey stays grey, a red gets redder and is limited', async () => {
    const profile = readMatrixProfile(await profileOf('p3'))!;
    const map = (pixel: number[]) => {
      const data = Uint8Array.from(pixel);
      applyProfile({ data, width: 1, height: 1 }, profile);
      return [...data];
    };
    expect(map([0, 0, 0])).toEqual([0, 0, 0]);
    expect(map([255, 255, 255])).toEqual([255, 255, 255]);
    expect(new Set(map([128, 128, 128])).size).toBe(1);
    const [red, green, blue] = map([200, 60, 60]) as [number, number, number];
    expect(red).toBeGreaterThan(210); // (217, 39, 51) or so
    expect(green).toBeLessThan(50);
    expect(blue).toBeLessThan(60);
  });

  it('a CMYK profile, nonsense, and profiles cut at any place are no matrix profiles', async () => {
    expect(readMatrixProfile(await profileOf('cmyk'))).toBeUndefined();
    expect(readMatrixProfile(new Uint8Array(500))).toBeUndefined();
    const whole = await profileOf('p3');
    for (let length = 0; length < whole.length - 4; length++)
      expect(readMatrixProfile(whole.slice(0, length))).toBeUndefined();
  });

  it('a matrix whose colours lie far outside of sRGB makes no sense', async () => {
    const profile = Uint8Array.from(await profileOf('p3'));
    const view = new DataView(profile.buffer);
    const tags = Array.from({ length: view.getUint32(128) }, (_, i) => 132 + 12 * i);
    const red = tags.find((at) => Buffer.from(profile.subarray(at, at + 4)).toString() === 'rXYZ')!;
    view.setInt32(view.getUint32(red + 4) + 8, 3 * 65536); // X of red: 3
    expect(readMatrixProfile(profile)).toBeUndefined();
  });

  it('sRGB is known by name', async () => {
    expect(isSrgb(await profileOf('p3'))).toBe(false);
    expect(isSrgb(new Uint8Array(10))).toBe(false);
  });
});
