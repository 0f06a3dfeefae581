/** What a file is, by its name alone: one rule for class folders, folders of pictures and folders of annotations. */

const pictureEndings = 'jpe?g|jpe|jfif|png|webp|bmp|gif|tiff?|avif|ppm|pgm|pbm|pnm|qoi';
const pictureEnding = new RegExp(`\\.(${pictureEndings})$`, 'i');

/** Whether a name has the ending of a picture. */
export function hasPictureEnding(name: string): boolean {
  return pictureEnding.test(name);
}

/** A path without the ending of a picture, if it has one: `a/n02085620_7.jpg` and `a/n02085620_7` are called alike. */
export function withoutPictureEnding(path: string): string {
  return path.replace(pictureEnding, '');
}

const junkNames = new Set([
  '__macosx',
  '@eadir',
  '#recycle',
  '$recycle.bin',
  'system volume information',
  'lost+found',
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  'icon\r',
]);

/** Whether a file or folder is a note that an operating system or a tool has left, which no data set means. */
export function isJunk(name: string): boolean {
  return name.startsWith('.') || junkNames.has(name.toLowerCase()) || /[:.]Zone\.Identifier$/i.test(name);
}
