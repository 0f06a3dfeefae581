import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageDecoder } from '../../../src/data/image/decode.js';
import { meanColour } from '../../../src/data/image/image.js';
import { readImageSize } from '../../../src/data/image/imageSize.js';
import { noiseImage } from '../../support/images.js';
import { plainImage, savePicture } from '../../support/pictureFolder.js';
import { describeWithShared } from '../../support/shared.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';

const folder = temporaryFolder();
const decode = imageDecoder();

/** The message without the folder. */
const refusal = (file: string) =>
  decode(file).then(
    () => 'decoded',
    (error: Error) => error.message.replaceAll(`${folder}/`, ''),
  );

const raw = (width: number, height: number, channels: 1 | 2 | 3 | 4, pixel: readonly number[]) =>
  sharp(Buffer.from(Array.from({ length: width * height * channels }, (_, i) => pixel[i % channels]!)), {
    raw: { width, height, channels },
  });

describe('every kind of picture becomes 8-bit RGB', () => {
  it.each<[string, () => Sharp, number[]]>([
    ['grey PNG', () => raw(8, 6, 1, [90]).toColourspace('b-w').png(), [90, 90, 90]],
    ['grey JPEG', () => raw(8, 6, 1, [90]).toColourspace('b-w').jpeg(), [90, 90, 90]],
    ['grey with alpha: alpha is dropped', () => raw(8, 6, 2, [90, 0]).png(), [90, 90, 90]],
    ['fully transparent red: alpha is dropped, red stays', () => raw(8, 6, 4, [255, 0, 0, 0]).png(), [255, 0, 0]],
    ['16 bits a channel: the high byte', () => raw(8, 6, 3, [10, 20, 30]).toColourspace('rgb16').png(), [10, 20, 30]],
    ['palette PNG', () => raw(8, 6, 3, [255, 0, 0]).png({ palette: true }), [255, 0, 0]],
    ['lossless WebP', () => raw(8, 6, 3, [10, 20, 30]).webp({ lossless: true }), [10, 20, 30]],
    ['GIF', () => raw(8, 6, 3, [255, 0, 0]).gif(), [255, 0, 0]],
    ['TIFF', () => raw(8, 6, 3, [10, 20, 30]).tiff({ compression: 'lzw' }), [10, 20, 30]],
  ])('%s', async (_, make, expected) => {
    const image = await decode(await make().toBuffer());
    expect([image.width, image.height, image.data.length]).toEqual([8, 6, 8 * 6 * 3]);
    expect(meanColour(image)).toEqual(expected);
  });

  it('animation: the first frame, of the size of one', async () => {
    const frames = Buffer.alloc(20 * 30 * 3);
    frames.fill(200, 0, 20 * 10 * 3); // frame 1 is light, 2 and 3 are black
    const options = { raw: { width: 20, height: 30, channels: 3 as const, pageHeight: 10 } };
    const file = join(folder, 'anim.gif');
    writeFileSync(file, await sharp(frames, options).gif().toBuffer());
    const image = await decode(file);
    expect([image.width, image.height]).toEqual([20, 10]);
    expect(meanColour(image)).toEqual([200, 200, 200]);
    expect(await readImageSize(file)).toEqual({ width: 20, height: 10 });
  });

  it('CMYK goes through a profile: (0, 255, 255, 0) is a red, not 255, 0, 0', async () => {
    const bytes = await raw(8, 8, 3, [255, 0, 0]).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const [red, green, blue] = meanColour(await decode(bytes));
    expect(red).toBeGreaterThan(220);
    expect(Math.max(green, blue)).toBeLessThan(50);
  });

  it('a colour profile is applied, or the numbers stay as stored; CMYK becomes sRGB in either case', async () => {
    const p3 = await raw(8, 6, 3, [200, 100, 50]).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    expect(meanColour(await decode(p3))).toEqual([200, 100, 51]); // 50, through P3 and back in 8 bits
    expect(meanColour(await imageDecoder('ignore')(p3))).toEqual([...stored.subarray(0, 3)]);
    expect(Math.abs(stored[0]! - 200)).toBeGreaterThan(5);
    const cmyk = await raw(8, 8, 3, [255, 0, 0]).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect(meanColour(await imageDecoder('ignore')(cmyk))[0]).toBeGreaterThan(220);
  });

  it('a name that lies about the format', async () => {
    const file = join(folder, 'png_as.jpg');
    writeFileSync(
      file,
      await sharp(plainImage(9, 7, [1, 2, 3]).data, { raw: { width: 9, height: 7, channels: 3 } })
        .png()
        .toBuffer(),
    );
    expect(meanColour(await decode(file))).toEqual([1, 2, 3]);
  });
});

describe('what is no picture is refused by name, with the reason', () => {
  it('missing, folder, empty, HTML, a cut BMP, LFS pointer, JSON, text', async () => {
    const files: Record<string, string | Uint8Array> = {
      'empty.jpg': '',
      'html.jpg': '\n<!DOCTYPE html><html><body>404</body></html>',
      'bmp.jpg': Uint8Array.from([0x42, 0x4d, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0]),
      'lfs.jpg': 'version https://git-lfs.github.com/spec/v1\noid sha256:00',
      'json.jpg': '{"message": "not found"}',
      'text.jpg': 'hello',
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    mkdirSync(join(folder, 'folder.jpg'));
    const messages: string[] = [];
    for (const name of ['missing.jpg', 'folder.jpg', ...Object.keys(files)])
      messages.push(await refusal(join(folder, name)));
    expect(messages).toMatchInlineSnapshot(`
      [
        "missing.jpg: no such file",
        "folder.jpg: is a folder, expected a picture",
        "empty.jpg: is empty (0 bytes)",
        "html.jpg: is an HTML page, not a picture: a download that failed?",
        "bmp.jpg: is cut off or damaged (16 bytes of 26)",
        "lfs.jpg: is a Git LFS pointer: run "git lfs pull" to get the picture",
        "json.jpg: is JSON text, not a picture: a download that failed?",
        "text.jpg: is in no picture format that is known",
      ]
    `);
  });

  it('cut off: the header is fine, the pixels are not', async () => {
    const whole = join(folder, 'whole.jpg');
    await savePicture(whole, noiseImage(300, 200));
    const file = join(folder, 'half.jpg');
    const bytes = readFileSync(whole);
    writeFileSync(file, bytes.subarray(0, bytes.length / 2));
    expect(await readImageSize(file)).toEqual({ width: 300, height: 200 });
    expect(await refusal(file)).toMatchInlineSnapshot(
      `"half.jpg: is cut off or damaged (VipsJpeg: premature end of JPEG image)"`,
    );
  });

  it('more pixels than the limit', async () => {
    const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    bytes.writeUInt32BE(30_000, 16);
    bytes.writeUInt32BE(19_043, 20);
    bytes.writeUInt32BE(checksum(bytes.subarray(12, 29)), 29);
    await expect(decode(bytes)).rejects.toThrow('<bytes>: has more than 268435456 pixels, the limit');
  });
});

/** Size and mean colour by Pillow 13.0 (`exif_transpose`, `convert('RGB')`); 8-bit and opaque ones. */
const byPillow: [file: string, width: number, height: number, mean: [number, number, number]][] = [
  ['Pillow_1_trns.png', 64, 64, [124.14, 124.14, 124.14]],
  ['Pillow_exif_imagemagick_orientation.png', 512, 512, [144.52, 142.57, 143.09]],
  ['Pillow_frozenpond.mpo', 640, 480, [108.24, 104.04, 100.56]],
  ['Pillow_hopper_gray.jpg', 128, 128, [84.69, 84.69, 84.69]],
  ['Pillow_hopper_orientation_6.webp', 128, 128, [89.82, 80.15, 95.66]],
  ['Pillow_hopper_orientation_7.jpg', 128, 128, [89.68, 80.08, 95.34]],
  ['Pillow_iss634.apng', 245, 245, [134.61, 136.61, 90.17]],
  ['Pillow_iss634.gif', 245, 245, [134.59, 136.61, 90.17]],
  ['Pillow_iss634.webp', 245, 245, [134.59, 136.61, 90.17]],
  ['Pillow_rgb.jpg', 100, 100, [67.98, 31.52, 32.65]],
  ['Pillow_transparent.png', 200, 150, [33.38, 25.66, 26.44]],
  ['exif-orientation-examples_Landscape_0.jpg', 1800, 1200, [98.39, 115.71, 134.13]],
  ['exif-orientation-examples_Landscape_3.jpg', 1800, 1200, [98.38, 115.7, 134.12]],
  ['exif-orientation-examples_Landscape_5.jpg', 1800, 1200, [98.4, 115.72, 134.14]],
  ['exif-orientation-examples_Landscape_6.jpg', 1800, 1200, [98.43, 115.74, 134.16]],
  ['exif-orientation-examples_Landscape_8.jpg', 1800, 1200, [98.44, 115.75, 134.17]],
  ['../made/png_named.jpg', 128, 128, [89.71, 80.09, 95.38]],
  ['image_images_jpg_progressive_cat.jpg', 320, 240, [137.48, 143.2, 128.04]],
  ['image_images_png_16bpc_basi0g16.png', 32, 32, [144.21, 144.21, 144.21]],
  ['image_images_png_16bpc_basn6a16.png', 32, 32, [127.5, 127.5, 63.75]],
  ['image_images_png_interlaced_basi2c08.png', 32, 32, [191.25, 191.25, 191.25]],
  ['libvips_indexed.png', 290, 442, [129.34, 118.18, 108.47]],
  ['sharp_Flag_of_the_Netherlands-16bit.png', 900, 600, [154.24, 117.6, 144.5]],
  ['sharp_full-transparent.png', 300, 300, [71, 112, 76]],
  ['sharp_grey-8bit-alpha.png', 400, 300, [85.45, 85.45, 85.45]],
];

describeWithShared('odd pictures', 'data/odd_images', (odd) => {
  it.each(byPillow)('%s is %i x %i, with the mean colour of Pillow', async (name, width, height, mean) => {
    const file = join(odd, 'files', name);
    const image = await decode(file);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(await readImageSize(file)).toEqual({ width, height });
    for (const [i, value] of meanColour(image).entries()) expect(Math.abs(value - mean[i]!)).toBeLessThan(0.01);
  });

  it.each([
    // CMYK by its profile, or by a standard one; XYB by the profile that it carries. Pillow ignores profiles.
    ['Pillow_pil_sample_cmyk.jpg', [27.6, 5.21, 3.76]],
    ['sharp_Channel_digital_image_CMYK_color_no_profile.jpg', [114.51, 116.87, 104.5]],
    ['libvips_sample-xyb.jpg', [126.15, 116.94, 107.66]],
  ])('%s through its profile', async (name, mean) => {
    const colour = meanColour(await decode(join(odd, 'files', name)));
    for (const [i, value] of colour.entries()) expect(Math.abs(value - mean[i]!)).toBeLessThan(1);
  });

  it('XYB has the mean colour of Pillow, where its profile is ignored', async () => {
    const colour = meanColour(await imageDecoder('ignore')(join(odd, 'files', 'libvips_sample-xyb.jpg')));
    for (const [i, value] of [96.92, 126.48, 103.01].entries()) expect(Math.abs(value - colour[i]!)).toBeLessThan(0.01);
  });

  it('the broken ones are refused with the reason', async () => {
    const files = [
      'files/Pillow_broken.png',
      'files/Pillow_truncated_jpeg.jpg',
      'files/sharp_65536-uint32-limit.png',
      'files/sharp_corrupt-header.jpg',
      'files/sharp_truncated.png',
      'made/empty.jpg',
    ];
    const messages: string[] = [];
    for (const file of files) messages.push((await refusal(join(odd, file))).replace(`${odd}/`, ''));
    expect(messages).toMatchInlineSnapshot(`
      [
        "files/Pillow_broken.png: is cut off or damaged (corrupt header)",
        "files/Pillow_truncated_jpeg.jpg: is cut off or damaged (VipsJpeg: premature end of JPEG image)",
        "files/sharp_65536-uint32-limit.png: has more than 268435456 pixels, the limit",
        "files/sharp_corrupt-header.jpg: is cut off or damaged (VipsJpeg: premature end of JPEG image)",
        "files/sharp_truncated.png: is cut off or damaged (vipspng: libpng read error)",
        "made/empty.jpg: is empty (0 bytes)",
      ]
    `);
  });
});

/** CRC-32, as PNG has it. */
function checksum(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
