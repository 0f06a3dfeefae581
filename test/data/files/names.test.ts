import { expect, it } from 'vitest';
import { hasPictureEnding, isJunk, withoutPictureEnding } from '../../../src/data/files/names.js';

it.each(['.DS_Store', '._a.jpg', '__MACOSX', '@eaDir', 'Thumbs.db', 'desktop.ini', '1.jpg:Zone.Identifier'])(
  '%s is junk',
  (name) => {
    expect(isJunk(name)).toBe(true);
  },
);

it.each(['a.jpg', 'thumbs', 'n02085620_7'])('%s is not', (name) => {
  expect(isJunk(name)).toBe(false);
});

it('endings of pictures', () => {
  expect(['a.JPG', 'a.jfif', 'a.txt', 'jpg'].map(hasPictureEnding)).toEqual([true, true, false, false]);
  expect(withoutPictureEnding('x/a.b.png')).toBe('x/a.b');
});
