import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from '../../../src/data/image/jpegHeader.js';
import { orient } from '../../../src/data/image/orient.js';
import { noiseImage } from '../../support/images.js';

describe('orient', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('orientation %i as sharp turns it', async (orientation) => {
    const image = noiseImage(5, 3);
    const { data, width, height } = image;
    const tagged = await sharp(data, { raw: { width, height, channels: 3 } })
      .withMetadata({ orientation })
      .tiff({ compression: 'none' })
      .toBuffer();
    const { data: expected, info } = await sharp(tagged).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const upright = orient(image, orientation);
    expect([upright.width, upright.height]).toEqual([info.width, info.height]);
    expect([...upright.data]).toEqual([...expected]);
  });

  it('the header of a JPEG carries the orientation', async () => {
    const { data, width, height } = noiseImage(60, 40);
    const source = sharp(data, { raw: { width, height, channels: 3 } });
    for (const orientation of [1, 3, 6, 8]) {
      const bytes = await source.clone().withMetadata({ orientation }).jpeg().toBuffer();
      expect(readJpegHeader(bytes)).toMatchObject({ width: 60, height: 40, orientation });
    }
  });
});
