import { describe, expect, it } from 'vitest';
import { type ByteStream, memoryStream } from '../../../src/formats/json/byteStream.js';
import { FieldSet } from '../../../src/formats/json/fieldSet.js';
import { JsonReader } from '../../../src/formats/json/jsonReader.js';
import { Random } from '../../../src/random.js';

/** Hands out at most `piece` bytes a time, so that every kind of token is cut somewhere. */
function inPieces(text: string | Uint8Array, piece: number): ByteStream {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const whole = memoryStream('test.json', bytes);
  return {
    ...whole,
    read: (into, offset, length) => whole.read(into, offset, Math.min(length, piece)),
    reopen: () => memoryStream('test.json', bytes),
  };
}

function parse(text: string | Uint8Array, piece = 1 << 20): unknown {
  const reader = new JsonReader(inPieces(text, piece));
  const value = reader.value();
  reader.end();
  return value;
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value)); // objects of the reader have no prototype

describe('values', () => {
  const texts = [
    '{"a": [1, -2.5, 3e4, true, false, null], "b": {"c": "d"}, "": []}',
    ' [ ] ',
    '{}',
    '"\\u00e9\\n\\"\\\\ \u00e9 \u{1f600}"',
    '{"a": 1, "a": 2}',
    '-0',
  ];
  it.each(texts)('%s', (text) => expect(plain(parse(text))).toEqual(plain(JSON.parse(text))));

  it.each([1, 2, 3, 7])('every token cut: pieces of %i bytes', (piece) => {
    for (const text of texts) expect(plain(parse(text, piece))).toEqual(plain(JSON.parse(text)));
  });
});

describe('numbers', () => {
  it('20,000 random decimals are the doubles of JSON.parse', () => {
    const random = new Random(3);
    const digits = (count: number) => Array.from({ length: count }, () => random.int(10)).join('');
    const texts = Array.from({ length: 20_000 }, () => {
      const whole = String(Number(digits(1 + random.int(12))));
      const fraction = random.bool(0.8) ? `.${digits(1 + random.int(18))}` : '';
      const exponent = random.bool(0.2) ? `e${random.bool() ? '-' : ''}${random.int(320)}` : '';
      return `${random.bool(0.3) ? '-' : ''}${whole}${fraction}${exponent}`;
    });
    const numbers = parse(`[${texts.join(',')}]`, 1000) as number[];
    expect(texts.filter((text, i) => !Object.is(numbers[i], JSON.parse(text)))).toEqual([]);
  });

  it.each([
    '0.1',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
    '0.3333333333333333',
    '4.35',
    '1e23',
    '5e-324',
    '2.2250738585072011e-308',
  ])('%s', (text) => expect(parse(text)).toBe(JSON.parse(text)));
});

describe('what is not JSON is reported with its place', () => {
  const message = (text: string | Uint8Array) => {
    try {
      parse(text);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };

  it('a bare NaN, as Python writes it', () => {
    expect(message('[1,\n {"score": NaN}]')).toMatchInlineSnapshot(`
      "test.json: 1 problem
        line 2, column 12 (byte 15): NaN is not JSON (Python's json writes it for a number that is not finite)"
    `);
    expect(message('[-Infinity]')).toContain("line 1, column 2 (byte 1): -Infinity is not JSON (Python's json");
    expect(message('[Infinity]')).toContain('Infinity is not JSON');
  });

  it('UTF-16', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('[]', 'utf16le')]);
    expect(message(bytes)).toMatchInlineSnapshot(`
      "test.json: 1 problem
        line 1, column 1 (byte 0): the file is UTF-16; expected UTF-8 (save it as UTF-8)"
    `);
    expect(message(Buffer.from('{}', 'utf16le'))).toContain('UTF-16');
  });

  it('a UTF-8 byte order mark is passed over', () => expect(parse('\ufeff[1]')).toEqual([1]));

  it.each([
    ['{"a": 1', "expected ',' or '}', found the end of the file"],
    ['[1 2]', "expected ',' or ']', found \"2\""],
    ['[1,]', 'expected a value, found "]"'],
    ['{a: 1}', 'expected a key in quotes, found "a:"'],
    ['{"a": tru', 'expected a value, found "tru"'],
    ['["a\\\\', 'the string that starts here has no end'],
    ['["a', 'the string that starts here has no end'],
    ['["a\nb"]', 'a control character (such as a line break) inside a string'],
    ['["\\x"]', 'a wrong escape in this string'],
    ['[01]', '01 is not a number'],
    ['[1.]', '1. is not a number'],
    ['[-]', '- is not a number'],
    ['[1] 2', 'expected the end of the file, found "2"'],
    ['[tru]', 'expected a value, found "tru"'],
    ['', 'expected a value, found the end of the file'],
    ['['.repeat(80), 'arrays and objects are nested deeper than 64'],
  ])('%s', (text, expected) => expect(message(text)).toContain(expected));
});

describe('fields', () => {
  const set = new FieldSet(['id', 'bbox']);
  const read = (text: string, piece: number) => {
    const record: { id?: unknown; bbox?: unknown } = {};
    const reader = new JsonReader(inPieces(text, piece));
    reader.fields(set, record);
    reader.end();
    return record;
  };

  it.each([1, 5, 1 << 20])('others are skipped, whatever they hold: pieces of %i bytes', (piece) => {
    const nested = '{"x": [[1, 2], "]}\\"\\\\", {"y": {}}], "bbox": 7}';
    const text = `{"segmentation": ${nested}, "id": 5, "s": "a\\"b", "n": null, "e": [], "bbox": [1, 2], "ids": 8}`;
    expect(read(text, piece)).toEqual({ id: 5, bbox: [1, 2] });
  });

  it('a skipped value longer than the buffer', () => {
    const long = JSON.stringify(Array.from({ length: 400_000 }, (_, i) => i / 8));
    const text = `{"segmentation": ${long}, "rle": "${'a'.repeat(3_000_000)}", "id": 1}`;
    expect(read(text, 1 << 20)).toEqual({ id: 1 });
  });

  it('a wanted string longer than the buffer', () => {
    const text = JSON.stringify({ id: 'x'.repeat(3_000_000) });
    expect((read(text, 1 << 20).id as string).length).toBe(3_000_000);
  });

  it('an array without end', () => expect(() => read('{"s": [[1, 2], ', 3)).toThrow('starts here has no end'));
});
