/**
 * Text as SVG. Letters are drawn as strokes from a table of our own, because servers and containers often have no font
 * at all, and an SVG renderer then leaves text out without a word. Other scripts go through the machine's fonts.
 */

/** Text that `letter` has set: its SVG, and the width it takes. */
export interface Lettering {
  readonly svg: string;
  /** In pixels. */
  readonly width: number;
}

/** Height of capital letters in table units; lower-case letters are 4, and descenders reach 2 below the line. */
const capHeight = 6;

/**
 * Glyphs as polylines, separated by spaces; each pair of digits is a point: x to the right, y downwards, capitals from 0
 * to 6. `062046 1434` is an A: two legs through the apex, then the bar.
 */
const glyphs: Readonly<Record<string, string>> = {
  ' ': '',
  '!': '0004 0606',
  '"': '0001 2021',
  '#': '1016 3036 0242 0444',
  $: '413010010213334445361605 2026',
  '%': '0640 0111 3545',
  '&': '46121120310405162644',
  "'": '0001',
  '(': '10010516',
  ')': '00111506',
  '*': '2125 0244 4204',
  '+': '0444 2226',
  ',': '1607',
  '-': '0424',
  '.': '0606',
  '/': '0630',
  '0': '102031352616050110',
  '1': '011016 0626',
  '2': '01102031320636',
  '3': '01102031322313 233435261605',
  '4': '26200434',
  '5': '300002223335261605',
  '6': '3120100105162635342303',
  '7': '003016',
  '8': '13020110203132231304051626353423',
  '9': '3313020110203135261605',
  ':': '0303 0606',
  ';': '1313 1607',
  '<': '320436',
  '=': '0343 0545',
  '>': '023406',
  '?': '01102031322324 2626',
  '@': '322213243432344441301001051646',
  A: '062046 1434',
  B: '06003041423303 3344453606',
  C: '4130100105163645',
  D: '06003041453606',
  E: '40000646 0333',
  F: '400006 0333',
  G: '41301001051636454323',
  H: '0006 4046 0343',
  I: '0020 1016 0626',
  J: '4045361605',
  K: '0006 400346',
  L: '000646',
  M: '0600234046',
  N: '06004640',
  O: '103041453616050110',
  P: '06003041423303',
  Q: '103041453616050110 2446',
  R: '06003041423303 2346',
  S: '413010010213334445361605',
  T: '0040 2026',
  U: '000516364540',
  V: '002640',
  W: '0016233640',
  X: '0046 4006',
  Y: '002340 2326',
  Z: '00400646',
  '[': '10000616',
  '\\': '0036',
  ']': '00101606',
  '^': '021022',
  _: '0747',
  '`': '0011',
  a: '3236 3322120305162635',
  b: '0006 0312223335261605',
  c: '3322120305162635',
  d: '3036 3322120305162635',
  e: '04343322120305162635',
  f: '30201116 0222',
  g: '3237281807 3322120305162635',
  h: '0006 0312223336',
  i: '0206 0000',
  j: '121708 1010',
  k: '0006 320436',
  l: '000516',
  m: '0206 03122326 23324346',
  n: '0206 0312223336',
  o: '122233352616050312',
  p: '0208 0312223335261605',
  q: '3238 3322120305162635',
  r: '0206 031222',
  s: '33221203142435261605',
  t: '101526 0222',
  u: '0205162635 3236',
  v: '021622',
  w: '0216233642',
  x: '0236 3206',
  y: '0216 221608',
  z: '02320636',
  '{': '20111203141526',
  '|': '0008',
  '}': '00111223141506',
  '~': '04132433',
};

/** The same as numbers, by character: polylines of points in table units. */
const strokes = new Map(
  Object.entries(glyphs).map(([character, lines]) => [
    character,
    lines
      .split(' ')
      .filter(Boolean)
      .map((line) => (line.match(/../g) ?? []).map((point) => [Number(point[0]), Number(point[1])] as const)),
  ]),
);

/** From one letter's left side to the next one's, in table units. */
const advances = new Map(
  Array.from(strokes, ([character, lines]) => [
    character,
    character === ' ' ? 3 : Math.max(...lines.flat().map(([x]) => x)) + 2,
  ]),
);

/**
 * Sets one line of text.
 *
 * @param x left end, in pixels
 * @param baseline where capitals stand, in pixels
 * @param size height of capitals, in pixels
 */
export function letter(text: string, x: number, baseline: number, size: number, colour: string): Lettering {
  if ([...text].some((character) => !(character in glyphs))) return withFonts(text, x, baseline, size, colour);
  const unit = size / capHeight;
  const top = baseline - size;
  let left = x;
  const paths: string[] = [];
  for (const character of text) {
    for (const line of strokes.get(character)!)
      paths.push(`M${line.map(([x, y]) => `${round(left + x * unit)} ${round(top + y * unit)}`).join('L')}`);
    left += advances.get(character)! * unit;
  }
  const svg = `<path d="${paths.join('')}" fill="none" stroke="${colour}" stroke-width="${round(size * 0.14)}" stroke-linecap="round" stroke-linejoin="round"/>`;
  return { svg, width: Math.max(0, left - x - 2 * unit) };
}

/** Text that the table lacks, by whatever sans-serif font the machine has. The width is an upper estimate. */
function withFonts(text: string, x: number, baseline: number, size: number, colour: string): Lettering {
  const fontSize = size / 0.72; // capitals of common sans-serif fonts are 0.7 - 0.73 em high
  const width = [...text].reduce((sum, character) => sum + (character.charCodeAt(0) > 0x2e7f ? 1 : 0.62) * fontSize, 0);
  const svg = `<text x="${round(x)}" y="${round(baseline)}" font-family="sans-serif" font-size="${round(fontSize)}" fill="${colour}">${escapeXml(text)}</text>`;
  return { svg, width };
}

const round = (value: number) => Math.round(value * 100) / 100;

export function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids them even as entities
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"']/g, (found) => entities[found]!);
}
