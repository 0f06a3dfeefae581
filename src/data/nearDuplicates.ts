import { ImageError } from '../errors.js';
import type { CocoImage } from './coco/cocoFile.js';
import { openDecoder } from './image/decode.js';
import { differenceHash, hashDistance, hashWords } from './image/differenceHash.js';
import { orderedPrefetch } from './parallel/orderedPrefetch.js';
import { openImageRoot, PathError } from './paths.js';

/**
 * Bits of 256 in which two views of one scene may differ. In BCCD's 364 photographs one pair differs by 10, the same field of
 * view focused twice (37 and 38), and all others by 68 and more; different scenes of the demo differ by 23 and more. Below
 * `hashWords`, so that one word at least is the same.
 */
const mostBits = 15;

const picturesAtOnce = 4;

export interface Likeness {
  /** A number for each image; those that look alike have the same. One that cannot be read is alone. */
  readonly groups: Int32Array;
  /** Names of pictures that could not be read. */
  readonly unreadable: readonly string[];
}

/** Puts pictures that look alike (copies, neighbouring frames of a film) under one number, over any chain of likenesses. */
export async function likenessGroups(
  images: readonly CocoImage[],
  folder: string,
  onLooked?: (done: number, total: number) => void,
): Promise<Likeness> {
  const root = await openImageRoot(folder);
  const decode = openDecoder();
  const look = async (image: CocoImage) => {
    if (image.file_name === undefined) return undefined;
    try {
      return differenceHash(await decode(await root.find(image.file_name)));
    } catch (error) {
      if (error instanceof ImageError || error instanceof PathError) return undefined;
      throw error;
    }
  };
  const hashes: (Uint16Array | undefined)[] = [];
  for await (const hash of orderedPrefetch(images, look, picturesAtOnce)) {
    hashes.push(hash);
    onLooked?.(hashes.length, images.length);
  }
  const unreadable = images.flatMap((image, i) => (hashes[i] ? [] : [image.file_name ?? `image ${image.id}`]));
  return { groups: groupsOf(hashes), unreadable };
}

/** Numbers for hashes: the same where a chain of hashes of small distance joins them. */
export function groupsOf(hashes: readonly (Uint16Array | undefined)[]): Int32Array {
  const parent = Int32Array.from(hashes, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    return root;
  };
  // Hashes of small distance share a word: only those that do are compared.
  const withWord = new Map<number, number[]>();
  for (const [i, hash] of hashes.entries()) {
    if (!hash) continue;
    const seen = new Set<number>();
    for (let word = 0; word < hashWords; word++) {
      const key = word * 2 ** 16 + hash[word]!;
      const others = withWord.get(key);
      if (!others) {
        withWord.set(key, [i]);
        continue;
      }
      let isSame = false;
      for (const j of others) {
        if (seen.has(j)) continue;
        seen.add(j);
        const distance = hashDistance(hash, hashes[j]!);
        isSame ||= distance === 0;
        if (distance <= mostBits) parent[rootOf(i)] = rootOf(j);
      }
      if (!isSame) others.push(i); // one of equal hashes stands for all of them
    }
  }
  return parent.map((_, i) => rootOf(i));
}
