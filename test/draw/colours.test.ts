import { expect, it } from 'vitest';
import { classColour, inkOn, toHex } from '../../src/draw/colours.js';

it('80 classes have 80 colours, neighbours far apart', () => {
  const colours = Array.from({ length: 80 }, (_, label) => classColour(label));
  expect(new Set(colours.map(toHex)).size).toBe(80);
  for (let i = 1; i < colours.length; i++) {
    const [a, b] = [colours[i - 1]!, colours[i]!];
    expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(80);
  }
});

it('channels are whole numbers from 0 to 255', () => {
  for (let label = 0; label < 200; label++)
    for (const value of classColour(label)) expect(value >= 0 && value <= 255 && Number.isInteger(value)).toBe(true);
});

it('ink is black on white and yellow, white on black and blue', () => {
  expect(inkOn([255, 255, 255])).toEqual([0, 0, 0]);
  expect(inkOn([255, 255, 0])).toEqual([0, 0, 0]);
  expect(inkOn([0, 0, 0])).toEqual([255, 255, 255]);
  expect(inkOn([0, 0, 255])).toEqual([255, 255, 255]);
});

it('toHex pads', () => {
  expect(toHex([0, 10, 255])).toBe('#000aff');
});
