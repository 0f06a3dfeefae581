import { posix, relative, resolve, sep } from 'node:path';
import { filesBelow } from '../../files/filesBelow.js';
import { hasPictureEnding, withoutPictureEnding } from '../../files/names.js';

/** Names that tools give to a folder of annotations, and to the folder of the pictures beside it. */
const annotationFolders = /^(annotations?|labels?|xmls?|jsons?|anno|ann)$/i;
const pictureFolders = ['images', 'JPEGImages', 'image', 'imgs', 'img', 'pictures', 'photos'];

/** The folder of pictures beside a folder of annotations, `JPEGImages` beside `Annotations`, among the names that are there. */
export function picturesBeside(name: string, siblings: readonly string[]): string | undefined {
  if (!annotationFolders.test(name)) return undefined;
  return siblings.find((sibling) => pictureFolders.some((known) => known.toLowerCase() === sibling.toLowerCase()));
}

/** Where an annotation file lies, and what it is called. */
export interface Place {
  /** Relative to the folder that is converted, with `/`; empty for that folder itself. */
  readonly folder: string;
  /** Name of the file without its ending, where it is about one picture. */
  readonly stem?: string | undefined;
}

/**
 * The pictures below a folder, found by what annotation files call them. What a file says is tried first as a path from
 * its own folder, then below the folder of pictures at the same place, at the same place with `images` instead of
 * `labels` and the like, and at the top; then with another ending; at last the picture is one that is called as the
 * annotation file is. No name leads out of the folder.
 */
export class PictureFinder {
  /** Relative to the root, with `/`, sorted. */
  readonly pictures: readonly string[];
  /** What lies there and is neither file nor folder. */
  readonly others: readonly string[];
  readonly #root: string;
  readonly #annotationRoot: string;
  readonly #exact: ReadonlySet<string>;
  /** By what two writings of one name have in common. */
  readonly #alike = new Map<string, string>();
  readonly #byStem = new Map<string, string[]>();

  /** @param root of the pictures @param annotationRoot the folder that is converted */
  constructor(root: string, annotationRoot: string) {
    this.#root = resolve(root);
    this.#annotationRoot = resolve(annotationRoot);
    const others: string[] = [];
    this.pictures = filesBelow(root, (path) => others.push(path)).filter(hasPictureEnding);
    this.others = others;
    this.#exact = new Set(this.pictures);
    for (const path of this.pictures) {
      if (!this.#alike.has(folded(path))) this.#alike.set(folded(path), path);
      const stem = folded(withoutPictureEnding(path));
      this.#byStem.set(stem, [...(this.#byStem.get(stem) ?? []), path]);
    }
  }

  /** The picture that a file means; several where names differ in the ending alone and the file does not say it. */
  find(name: string | undefined, place: Place): readonly string[] {
    const candidates = name === undefined ? [] : [...this.#candidates(partsOf(name), place.folder)];
    for (const candidate of candidates) if (this.#exact.has(candidate)) return [candidate];
    for (const candidate of candidates) {
      const found = this.#alike.get(folded(candidate));
      if (found !== undefined) return [found];
    }
    if (place.stem !== undefined) candidates.push(...this.#candidates([place.stem], place.folder));
    for (const candidate of candidates) {
      const found = this.#byStem.get(folded(candidate)) ?? this.#byStem.get(folded(withoutPictureEnding(candidate)));
      if (found) return name === undefined ? found : found.slice(0, 1);
    }
    return [];
  }

  /** The name itself, where there is no picture to find: below the folder, with `/`. */
  asWritten(name: string | undefined, place: Place): string {
    const parts = partsOf(name ?? `${place.stem}.jpg`);
    const [first] = this.#candidates(parts, place.folder);
    return first ?? posix.join(place.folder, parts.at(-1) ?? '');
  }

  /** Paths below the root that a name can mean, the likeliest first. */
  *#candidates(parts: readonly string[], folder: string): Generator<string> {
    const fromFile = relative(this.#root, resolve(this.#annotationRoot, folder, ...parts)).replaceAll(sep, '/');
    if (!leaves(fromFile)) yield fromFile;
    const bases = [folder, ...besides(folder), ''];
    for (let from = 0; from < parts.length; from++) {
      for (const base of bases) {
        const path = posix.join(base, ...parts.slice(from));
        if (!leaves(path)) yield path;
      }
    }
  }
}

/** A path in parts, whichever system wrote it: `C:\data\a.jpg` has `data` and `a.jpg`. */
function partsOf(name: string): string[] {
  return name
    .replace(/^[a-z]:/i, '')
    .split(/[\\/]/)
    .filter((part) => part !== '' && part !== '.');
}

const leaves = (path: string) => path === '..' || path.startsWith('../') || path === '' || path.startsWith('/');

/**
 * The same place with a folder of pictures instead of one of annotations: `labels/train` gives `images/train` and the like.
 * Where there is none of annotations, folders of pictures in it.
 */
function besides(folder: string): string[] {
  const parts = folder.split('/');
  const at = parts.findIndex((part) => annotationFolders.test(part));
  return pictureFolders.map((name) => (at < 0 ? posix.join(folder, name) : parts.with(at, name).join('/')));
}

/** Upper and lower case differ between systems, and macOS writes an accented letter as two code points. */
const folded = (path: string) => path.normalize('NFC').toLowerCase();
