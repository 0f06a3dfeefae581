import type { Random } from '../../random.js';

/** Classes of the demo's data set; the category id is the index plus one. */
export const shapeNames = ['circle', 'square', 'triangle', 'star', 'cross'] as const;

export type ShapeName = (typeof shapeNames)[number];
export type Point = readonly [x: number, y: number];
/** 0 .. 255 each. */
export type Colour = readonly [r: number, g: number, b: number];

/** One shape, as an outline in picture pixels. */
export interface PlacedShape {
  readonly name: ShapeName;
  readonly outline: readonly Point[];
  readonly fill: Colour;
  readonly fillEnd: Colour;
  readonly border: Colour | undefined;
  readonly opacity: number;
}

/** A shape's visible part, which is what the annotation says, as in COCO. */
export interface VisiblePart {
  /** xywh in pixels. */
  readonly boxXywh: readonly [number, number, number, number];
  /** Visible pixels. */
  readonly area: number;
}

/** A picture to be drawn: shapes from back to front, and lines that are no object. */
export interface Scene {
  readonly size: number;
  readonly background: readonly [Colour, Colour];
  readonly shapes: readonly PlacedShape[];
  /** Of the shape at the same index. */
  readonly visible: readonly VisiblePart[];
  readonly lines: readonly {
    readonly from: Point;
    readonly to: Point;
    readonly colour: Colour;
    readonly width: number;
  }[];
}

const maxShapes = 5;
/** Diameter of a shape ÷ side of the picture. */
const [smallest, largest] = [0.16, 0.5];
/** From upright, either way, in radians. */
const largestTurn = 0.5;
/** A shape counts only while this part of it is seen; what would hide more is not drawn. */
const leastVisible = 0.7;

/** Draws up a scene of 1 to 5 shapes that overlap in part and may leave the picture in part. */
export function randomScene(random: Random, size: number): Scene {
  const background: [Colour, Colour] = [randomColour(random), randomColour(random)];
  const shapes: PlacedShape[] = [];
  const owners = new Int8Array(size * size).fill(-1); // index of the front shape of each pixel
  const fullAreas: number[] = [];
  const wanted = 1 + random.int(maxShapes);
  for (let attempt = 0; shapes.length < wanted && attempt < 10 * wanted; attempt++) {
    const shape = randomShape(random, size, background);
    const trial = owners.slice();
    paintOwner(trial, size, shape.outline, shapes.length);
    const fullArea = polygonArea(shape.outline);
    const areas = visibleAreas(trial, shapes.length + 1);
    if ([...fullAreas, fullArea].some((full, i) => areas[i]! < leastVisible * full)) continue;
    shapes.push(shape);
    fullAreas.push(fullArea);
    owners.set(trial);
  }
  const visible = shapes.map((_, index) => visiblePart(owners, size, index));
  const lines = Array.from({ length: random.int(4) }, () => randomLine(random, size));
  return { size, background, shapes, visible, lines };
}

function randomShape(random: Random, size: number, background: readonly Colour[]): PlacedShape {
  const name = shapeNames[random.int(shapeNames.length)]!;
  const radius = (size / 2) * smallest * (largest / smallest) ** random.next();
  const centre = () => random.uniform(0.4 * radius, size - 0.4 * radius);
  const [x, y, turn] = [centre(), centre(), random.uniform(-largestTurn, largestTurn)];
  const stretch = random.uniform(0.9, 1.1);
  const outline = unitOutline(name).map(([u, v]): Point => {
    const [a, b] = [u * radius * stretch, (v * radius) / stretch];
    return [x + a * Math.cos(turn) - b * Math.sin(turn), y + a * Math.sin(turn) + b * Math.cos(turn)];
  });
  let fill = randomColour(random);
  while (background.some((other) => distance(fill, other) < 110)) fill = randomColour(random);
  const fillEnd = random.bool(0.5) ? fill : mix(fill, randomColour(random), 0.35);
  const border = random.bool(0.4) ? randomColour(random) : undefined;
  return { name, outline, fill, fillEnd, border, opacity: random.uniform(0.85, 1) };
}

/** Outlines inside the unit circle, upright (y points downwards). */
function unitOutline(name: ShapeName): Point[] {
  switch (name) {
    case 'circle':
      return around(48, 0, () => 0.95);
    case 'square':
      return around(4, Math.PI / 4, () => 1);
    case 'triangle':
      return around(3, -Math.PI / 2, () => 1);
    case 'star':
      return around(10, -Math.PI / 2, (i) => (i % 2 === 0 ? 1 : 0.45));
    case 'cross': {
      const arm = 0.34; // half the width of an arm whose end has its corners on the circle
      const end = Math.sqrt(1 - arm ** 2);
      const quarter: Point[] = [
        [end, -arm],
        [end, arm],
        [arm, arm],
      ];
      return [0, 1, 2, 3].flatMap((turns) => quarter.map((point) => quarterTurns(point, turns)));
    }
  }
}

function around(corners: number, start: number, radius: (corner: number) => number): Point[] {
  return Array.from({ length: corners }, (_, i) => {
    const angle = start + (2 * Math.PI * i) / corners;
    return [radius(i) * Math.cos(angle), radius(i) * Math.sin(angle)];
  });
}

function quarterTurns([x, y]: Point, turns: number): Point {
  let point: Point = [x, y];
  for (let i = 0; i < turns; i++) point = [-point[1], point[0]];
  return point;
}

function randomLine(random: Random, size: number): Scene['lines'][number] {
  const point = (): Point => [random.uniform(0, size), random.uniform(0, size)];
  return { from: point(), to: point(), colour: randomColour(random), width: random.uniform(0.5, 2) };
}

/** Marks the pixels whose centre lies in the polygon (even-odd rule, row by row). */
function paintOwner(owners: Int8Array, size: number, outline: readonly Point[], index: number): void {
  for (let row = 0; row < size; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    for (let i = 0; i < outline.length; i++) {
      const [x1, y1] = outline[i]!;
      const [x2, y2] = outline[(i + 1) % outline.length]!;
      if (y1 <= y !== y2 <= y) crossings.push(x1 + ((y - y1) * (x2 - x1)) / (y2 - y1));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(crossings[i]! - 0.5));
      const last = Math.min(size - 1, Math.ceil(crossings[i + 1]! - 0.5) - 1);
      if (first <= last) owners.fill(index, row * size + first, row * size + last + 1);
    }
  }
}

function visibleAreas(owners: Int8Array, count: number): Int32Array {
  const areas = new Int32Array(count);
  for (const owner of owners) if (owner >= 0) areas[owner]!++;
  return areas;
}

function visiblePart(owners: Int8Array, size: number, index: number): VisiblePart {
  let [x1, y1, x2, y2, area] = [size, size, 0, 0, 0];
  for (let at = 0; at < owners.length; at++) {
    if (owners[at] !== index) continue;
    const [x, y] = [at % size, Math.floor(at / size)];
    x1 = Math.min(x1, x);
    y1 = Math.min(y1, y);
    x2 = Math.max(x2, x + 1);
    y2 = Math.max(y2, y + 1);
    area++;
  }
  return { boxXywh: [x1, y1, x2 - x1, y2 - y1], area };
}

/** The shoelace formula. */
function polygonArea(outline: readonly Point[]): number {
  const twice = outline.reduce((sum, [x1, y1], i) => {
    const [x2, y2] = outline[(i + 1) % outline.length]!;
    return sum + x1 * y2 - x2 * y1;
  }, 0);
  return Math.abs(twice) / 2;
}

function randomColour(random: Random): Colour {
  return [random.int(256), random.int(256), random.int(256)];
}

function mix(a: Colour, b: Colour, share: number): Colour {
  const channel = (i: number) => Math.round(a[i]! + share * (b[i]! - a[i]!));
  return [channel(0), channel(1), channel(2)];
}

function distance(a: Colour, b: Colour): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
