/** Damage, as files get it and as people make it. */
import type { Random } from '../../src/random.js';

/** Values that readers trip over, in place of a number or of a word. */
const oddWords = [
  ...[
    '-1',
    '0',
    '1',
    '-0',
    '1e308',
    '1e999',
    '9007199254740993',
    '4294967296',
    '2147483648',
    '-2147483649',
    '0.1',
    'NaN',
    'Infinity',
  ],
  ...[
    'null',
    'true',
    '""',
    '[]',
    '{}',
    '"a"',
    '__proto__',
    '"constructor"',
    '\u0000',
    '\u202e',
    '\ud83d\ude00',
    '../../x',
    '*a',
    '&a',
    '!!js',
  ],
];
const brackets = ['[', '{"a":', '(', '<a>', '- ', '<!--', '"', "'", '&a [*a, ', '&lt;', '\n', '\t'];
const longest = 1 << 20;

/** One to four changes of a text: of its words and numbers, of its lines, of its bytes. */
export function mutateText(text: string, random: Random): string {
  let mutant = text;
  for (let changes = 1 + random.int(4); changes > 0; changes--) mutant = changeText(mutant, random).slice(0, longest);
  return mutant;
}

function changeText(text: string, random: Random): string {
  const words = [...text.matchAll(/-?\d+(\.\d+)?|[\w.-]+|"[^"\n]*"/g)];
  const word = words[random.int(Math.max(1, words.length))];
  const at = random.int(text.length + 1);
  switch (random.int(7)) {
    case 0:
    case 1:
      return word ? splice(text, word.index, word[0].length, pick(oddWords, random)) : text;
    case 2: {
      const other = words[random.int(Math.max(1, words.length))];
      return word && other ? splice(text, word.index, word[0].length, other[0]) : text;
    }
    case 3:
      return splice(text, at, random.int(20), pick(brackets, random));
    case 4:
      return splice(text, at, 0, pick(brackets, random).repeat(10 ** random.int(6)));
    case 5: {
      const part = text.slice(at, at + random.int(200));
      return splice(text, random.int(text.length + 1), 0, part.repeat(1 + random.int(50)));
    }
    default:
      return random.bool() ? text.slice(0, at) : splice(text, at, random.int(100), '');
  }
}

const splice = (text: string, at: number, length: number, insert: string) =>
  text.slice(0, at) + insert + text.slice(at + length);

const pick = <T>(items: readonly T[], random: Random): T => items[random.int(items.length)]!;

const oddBytes = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** One to four changes of bytes: flipped bits, odd values in one to eight bytes, pieces lost, doubled or moved, an early end. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let mutant = Buffer.from(bytes);
  for (let changes = 1 + random.int(4); changes > 0; changes--) mutant = changeBytes(mutant, random);
  return mutant;
}

function changeBytes(bytes: Buffer<ArrayBuffer>, random: Random): Buffer<ArrayBuffer> {
  if (bytes.length === 0) return bytes;
  // Headers are where the lengths are.
  const at = random.int(random.bool() ? Math.min(bytes.length, 512) : bytes.length);
  switch (random.int(6)) {
    case 0:
      bytes[at]! ^= 1 << random.int(8);
      return bytes;
    case 1:
      return bytes.fill(pick(oddBytes, random), at, Math.min(bytes.length, at + 1 + random.int(8)));
    case 2:
      bytes[at] = random.int(256);
      return bytes;
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.int(64))]);
    default: {
      const part = bytes.subarray(at, at + random.int(256));
      const to = random.int(bytes.length);
      return Buffer.concat([bytes.subarray(0, to), part, bytes.subarray(to)]);
    }
  }
}
