import { Random } from '../../random.js';
import type { CocoFile, CocoId } from './cocoFile.js';
import { boxFault } from './usableBox.js';

export interface SplitOptions {
  /** Of the pictures. @default 0.2 */
  readonly valShare?: number;
  /** @default 1 */
  readonly seed?: number;
  /** A number for each image; images of one number go to one side. Default: each its own. */
  readonly groups?: readonly number[] | Int32Array;
}

export interface Split {
  readonly train: CocoFile;
  readonly val: CocoFile;
}

/** Key of the pictures themselves beside those of classes, whose ids are whole. */
const pictures = 'pictures';

/**
 * Divides pictures so that each class has its share of pictures on both sides: the class with the fewest pictures left is
 * dealt first, each picture to the side that lacks the class most. A class of one or two pictures is learnt, not measured.
 *
 * Source: Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data" (2011).
 */
export function splitCoco(file: CocoFile, { valShare = 0.2, seed = 1, groups }: SplitOptions = {}): Split {
  const waiting = groupsInOrder(file, groups, new Random(seed));
  const lacking = { train: new Map<number | string, number>(), val: new Map<number | string, number>() };
  for (const { counts } of waiting) {
    for (const [key, count] of counts) {
      lacking.train.set(key, (lacking.train.get(key) ?? 0) + (1 - valShare) * count);
      lacking.val.set(key, (lacking.val.get(key) ?? 0) + valShare * count);
    }
  }
  const inVal = new Set<CocoId>();
  const left = new Set(waiting);
  const deal = (group: Group, key: number | string) => {
    const lacks = (side: 'train' | 'val', of: number | string) => lacking[side].get(of)!;
    const ahead = lacks('val', key) - lacks('train', key) || lacks('val', pictures) - lacks('train', pictures);
    const side = ahead > 0 ? 'val' : 'train';
    for (const [of, count] of group.counts) lacking[side].set(of, lacks(side, of) - count);
    if (side === 'val') for (const id of group.images) inVal.add(id);
    left.delete(group);
  };
  for (let key = rarest(left); key !== undefined; key = rarest(left)) {
    for (const group of [...left]) if (group.counts.has(key)) deal(group, key);
  }
  for (const group of [...left]) deal(group, pictures);
  return { train: partOf(file, (id) => !inVal.has(id)), val: partOf(file, (id) => inVal.has(id)) };
}

/** Images that stay together, and how many of them have each class. */
interface Group {
  readonly images: CocoId[];
  readonly counts: Map<number | string, number>;
}

/** In random order, large ones first: a large one that comes last fits nowhere. */
function groupsInOrder({ images, annotations }: CocoFile, groups: SplitOptions['groups'], random: Random) {
  const imageOf = new Map(images.map((image) => [image.id, image]));
  const classesOf = new Map<CocoId, Set<number>>(images.map(({ id }) => [id, new Set()]));
  for (const annotation of annotations) {
    const { image_id, category_id } = annotation;
    if (!boxFault(annotation, imageOf.get(image_id)!)) classesOf.get(image_id)!.add(category_id);
  }
  const made = new Map<number, Group>();
  for (const [i, { id }] of images.entries()) {
    const number = groups ? groups[i]! : i;
    const group: Group = made.get(number) ?? { images: [], counts: new Map() };
    made.set(number, group);
    group.images.push(id);
    for (const key of [...classesOf.get(id)!, pictures]) group.counts.set(key, (group.counts.get(key) ?? 0) + 1);
  }
  return random.shuffle([...made.values()]).sort((a, b) => b.images.length - a.images.length);
}

/** The class with the fewest pictures among groups; undefined where no group has a class. */
function rarest(groups: Iterable<Group>): number | undefined {
  const totals = new Map<number, number>();
  for (const { counts } of groups) {
    for (const [key, count] of counts) if (typeof key === 'number') totals.set(key, (totals.get(key) ?? 0) + count);
  }
  return [...totals].sort(([a, m], [b, n]) => m - n || a - b)[0]?.[0];
}

function partOf(file: CocoFile, has: (id: CocoId) => boolean): CocoFile {
  const images = file.images.filter(({ id }) => has(id));
  const annotations = file.annotations.filter(({ image_id }) => has(image_id));
  return { ...file, images, annotations, repairs: [] };
}
