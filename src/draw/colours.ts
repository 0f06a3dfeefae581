/** An sRGB colour, 0 .. 255 each. */
export type Rgb = readonly [number, number, number];

/**
 * The colour of a class, the same in every picture. Neighbouring labels are 137.5° apart (the golden angle), which never
 * comes back to a hue; lightness takes three turns so that 80 classes stay apart.
 */
export function classColour(label: number): Rgb {
  const hue = (15 + label * 137.508) % 360;
  const lightness = [0.7, 0.62, 0.8][label % 3]!;
  return oklchToRgb(lightness, 0.25, hue);
}

/** Black or white, whichever is easier to read on `background` (WCAG 2, relative luminance). */
export function inkOn(background: Rgb): Rgb {
  const [r, g, b] = background;
  const luminance = 0.2126 * toLinear(r / 255) + 0.7152 * toLinear(g / 255) + 0.0722 * toLinear(b / 255);
  return luminance > 0.179 ? [0, 0, 0] : [255, 255, 255];
}

export function toHex(colour: Rgb): string {
  return `#${colour.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * Ottosson, "A perceptual color space for image processing" (2020). Hues of equal lightness look equally bright, which
 * is not so in HSL. Chroma shrinks until the colour exists on screens.
 */
function oklchToRgb(lightness: number, chroma: number, hueDegrees: number): Rgb {
  const hue = (hueDegrees * Math.PI) / 180;
  for (let c = chroma; ; c -= 0.01) {
    const linear = oklabToLinear(lightness, c * Math.cos(hue), c * Math.sin(hue));
    if (c > 0 && linear.some((value) => value < 0 || value > 1)) continue;
    const onScreen = (value: number) => Math.round(255 * fromLinear(Math.min(1, Math.max(0, value))));
    return [onScreen(linear[0]), onScreen(linear[1]), onScreen(linear[2])];
  }
}

function oklabToLinear(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function fromLinear(value: number): number {
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}
