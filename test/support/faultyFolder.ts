import { readFileSync, writeFileSync } from 'node:fs';
import { noiseImage } from './images.js';
import { savePicture } from './pictureFolder.js';

/** 1 % of 300 pictures: one cut off, one empty, one a web page. Another one, still whole, is to go during the run. */
export const faulty = { count: 300, cut: 17, empty: 120, page: 255, deleted: 200 } as const;

/** Writes those pictures, JPEGs of 48 x 32 pixels. @param at path of picture 0 ... 299, in a folder that is there */
export async function writeFaultyPictures(at: (index: number) => string): Promise<void> {
  await savePicture(at(0), noiseImage(48, 32));
  const whole = readFileSync(at(0));
  for (let i = 1; i < faulty.count; i++) writeFileSync(at(i), whole);
  writeFileSync(at(faulty.cut), whole.subarray(0, whole.length / 2));
  writeFileSync(at(faulty.empty), '');
  writeFileSync(at(faulty.page), '<html>not found</html>');
}
