import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { escapeXml, letter } from '../../src/draw/lettering.js';

/** Dark pixels of text drawn in black on white, and the rectangle that they fill. */
async function ink(svg: string, width: number, height: number) {
  const page = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/>${svg}</svg>`;
  const { data } = await sharp(Buffer.from(page)).greyscale().raw().toBuffer({ resolveWithObject: true });
  const dark = [...data.keys()].filter((i) => data[i]! < 128);
  const [xs, ys] = [dark.map((i) => i % width), dark.map((i) => Math.floor(i / width))];
  return { pixels: dark.length, right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

describe('letter', () => {
  it('every printable ASCII character leaves ink, except the space', async () => {
    for (let code = 33; code < 127; code++) {
      const { pixels } = await ink(letter(String.fromCharCode(code), 10, 40, 24, '#000').svg, 60, 60);
      expect(pixels, String.fromCharCode(code)).toBeGreaterThan(4);
    }
  });

  it('A of 24 pixels stands on its line and is as high and wide as it says', async () => {
    const { svg, width } = letter('A', 10, 40, 24, '#000');
    expect(width).toBeCloseTo(16); // 4 of 6 units
    const { right, top, bottom } = await ink(svg, 60, 60);
    expect(Math.abs(top - 16)).toBeLessThanOrEqual(2);
    expect(Math.abs(bottom - 40)).toBeLessThanOrEqual(2);
    expect(Math.abs(right - 26)).toBeLessThanOrEqual(2);
  });

  it('ASCII needs no font: there is no text element', () => {
    expect(letter('traffic light 0.97', 0, 20, 12, '#fff').svg).not.toContain('<text');
  });

  it('other scripts go to the fonts of the machine', () => {
    expect(letter('猫 <0.5>', 0, 20, 12, '#fff').svg).toContain('猫 &lt;0.5&gt;</text>');
  });
});

it('escapeXml: the five entities; control characters vanish', () => {
  expect(escapeXml('a<b>&"c\'\u0000\u001b')).toBe('a&lt;b&gt;&amp;&quot;c&apos;');
});
