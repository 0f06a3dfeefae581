import sharp from 'sharp';
import type { Random } from '../../random.js';
import type { RgbImage } from '../image/image.js';
import { rgbChannels } from '../image/image.js';
import type { Colour, PlacedShape, Scene } from './scene.js';

/** Standard deviation of the grain over the whole picture, of 255. */
const grain = 6;

/** Draws a scene: a blotchy background, the shapes, the lines, then grain as from a camera. */
export async function renderScene(scene: Scene, random: Random): Promise<RgbImage> {
  const { size } = scene;
  const raw = { width: size, height: size, channels: rgbChannels } as const;
  const background = blotches(scene.background, size, random);
  const data = await sharp(background, { raw })
    .composite([{ input: Buffer.from(sceneSvg(scene)) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  addGrain(data, random);
  return { data, width: size, height: size };
}

/** Normal noise, drawn from a table: a logarithm and a cosine for each byte would take longer than all the rest. */
function addGrain(data: Uint8Array, random: Random): void {
  const table = Float32Array.from({ length: 4096 }, () => random.normal(0, grain));
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.min(255, Math.max(0, Math.round(data[i]! + table[random.uint32() & 4095]!)));
  }
}

/** Two colours mixed by value noise of four octaves, [size, size, 3]. */
function blotches([first, second]: Scene['background'], size: number, random: Random): Uint8Array {
  const weights = new Float32Array(size * size).fill(0.5);
  for (const [cells, strength] of [
    [3, 0.6],
    [7, 0.4],
    [19, 0.3],
    [53, 0.25],
  ] as const)
    addNoise(weights, size, cells, strength, random);
  const data = new Uint8Array(rgbChannels * size * size);
  for (let i = 0; i < weights.length; i++) {
    const weight = Math.min(1, Math.max(0, weights[i]!));
    for (let c = 0; c < rgbChannels; c++) data[rgbChannels * i + c] = first[c]! + weight * (second[c]! - first[c]!);
  }
  return data;
}

/** Adds bilinear noise of cells x cells random values from -strength to strength. */
function addNoise(weights: Float32Array, size: number, cells: number, strength: number, random: Random): void {
  const side = cells + 1;
  const values = Float32Array.from({ length: side * side }, () => random.uniform(-strength, strength));
  for (let y = 0; y < size; y++) {
    const v = (y / size) * cells;
    const [row, down] = [Math.floor(v), v % 1];
    for (let x = 0; x < size; x++) {
      const u = (x / size) * cells;
      const [at, right] = [row * side + Math.floor(u), u % 1];
      const top = values[at]! + right * (values[at + 1]! - values[at]!);
      const bottom = values[at + side]! + right * (values[at + side + 1]! - values[at + side]!);
      weights[y * size + x]! += top + down * (bottom - top);
    }
  }
}

function sceneSvg({ size, shapes, lines }: Scene): string {
  const drawnLines = lines.map(
    ({ from, to, colour, width }) =>
      `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${css(colour)}" stroke-width="${width}"/>`,
  );
  const gradients = shapes.map(
    ({ fill, fillEnd }, i) =>
      `<linearGradient id="fill${i}"><stop stop-color="${css(fill)}"/><stop offset="1" stop-color="${css(fillEnd)}"/></linearGradient>`,
  );
  const body = [`<defs>${gradients.join('')}</defs>`, ...shapes.map(shapeSvg), ...drawnLines].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">${body}</svg>`;
}

function shapeSvg({ outline, border, opacity }: PlacedShape, index: number): string {
  const points = outline.map(([x, y]) => `${x},${y}`).join(' ');
  const stroke = border ? ` stroke="${css(border)}" stroke-width="1.5"` : '';
  return `<polygon points="${points}" fill="url(#fill${index})" opacity="${opacity}"${stroke}/>`;
}

const css = (colour: Colour) => `rgb(${colour.join(',')})`;
