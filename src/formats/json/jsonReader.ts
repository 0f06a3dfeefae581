import { DatasetError } from '../../errors.js';
import type { ByteStream } from './byteStream.js';
import type { FieldSet } from './fieldSet.js';
import { placeOf } from './placeOf.js';

/** Bytes of JSON's own characters. */
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** `[` and `{`, `]` and `}` differ in this bit only. */
const braceBit = 0x20;

/** 10^0 .. 10^22: the powers of ten that a double holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const literals: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const firstChunk = 1 << 20;
const deepest = 64;

/**
 * Reads JSON from bytes, front to back, without ever holding the text: the caller says what to build and what to skip.
 * Files longer than a JavaScript string (about 512 MB) are therefore no special case. Every number is the double that
 * `JSON.parse` gives.
 *
 * A zero byte stands behind the bytes in the buffer, so that inner loops need one test a byte: at the zero they fetch
 * more and read the token again.
 *
 * @throws DatasetError with line, column and byte of whatever is not JSON
 */
export class JsonReader {
  #buffer: Buffer = Buffer.allocUnsafe(firstChunk + 1);
  /** The next byte to read, and the end of the bytes, in the buffer. */
  #at = 0;
  #end = 0;
  /** Byte of the file that lies at the buffer's start. */
  #base = 0;
  #exhausted = false;
  /** Where the last record's fields were found, to guess the next one's. */
  #expectedField = 0;

  constructor(readonly source: ByteStream) {
    this.#refill(0);
    const [a, b, c] = this.#buffer;
    if (a === 0xef && b === 0xbb && c === 0xbf) this.#at = 3; // the byte order mark of UTF-8
    const utf16 = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || (this.#end > 1 && (a === 0 || b === 0));
    if (utf16) this.fail('the file is UTF-16; expected UTF-8 (save it as UTF-8)', 0);
  }

  /** The next byte that is not white space, left unread; -1 at the end. */
  peek(): number {
    for (;;) {
      const byte = this.#buffer[this.#at]!;
      if (byte > 0x20) return byte;
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) this.#at++;
      else if (!this.#atCut(this.#at)) return this.#at === this.#end ? -1 : byte;
    }
  }

  get atObject(): boolean {
    return this.peek() === openBrace;
  }

  get atArray(): boolean {
    return this.peek() === openBracket;
  }

  /** Reads an object; `onKey` reads or skips the value of each key. */
  object(onKey: (key: string) => void): void {
    if (!this.#opens(openBrace, closeBrace)) return;
    do {
      if (this.peek() !== quote) this.fail(`expected a key in quotes, found ${this.#found()}`);
      const key = this.#string();
      this.#expect(colon, "':'");
      onKey(key);
    } while (this.#continues(closeBrace, '}'));
  }

  /** Reads an array; `onItem` reads or skips one value. */
  array(onItem: (index: number) => void): void {
    if (!this.#opens(openBracket, closeBracket)) return;
    let index = 0;
    do onItem(index++);
    while (this.#continues(closeBracket, ']'));
  }

  /** Reads an object into `record`: the fields of the set, undefined where absent. Others are skipped unbuilt. */
  fields<Name extends string>(set: FieldSet<Name>, record: Partial<Record<Name, unknown>>): void {
    for (const name of set.names) record[name] = undefined;
    if (!this.#opens(openBrace, closeBrace)) return;
    do {
      if (this.peek() !== quote) this.fail(`expected a key in quotes, found ${this.#found()}`);
      const field = this.#fieldKey(set);
      this.#expect(colon, "':'");
      if (field < 0) this.skip();
      else record[set.names[field]!] = this.value();
    } while (this.#continues(closeBrace, '}'));
  }

  /** Builds whatever value comes next. */
  value(depth = 0): unknown {
    const byte = this.peek();
    if (byte === minus || (byte >= zero && byte <= nine)) return this.#number();
    if (byte === quote) return this.#string();
    if (byte === openBracket || byte === openBrace) {
      if (depth === deepest) this.fail(`arrays and objects are nested deeper than ${deepest}`);
      if (byte === openBracket) return this.#items(depth + 1);
      const entries: Record<string, unknown> = Object.create(null);
      this.object((key) => {
        entries[key] = this.value(depth + 1);
      });
      return entries;
    }
    return this.#literal();
  }

  /** Passes over the next value. Inside arrays and objects only the nesting is checked. */
  skip(): void {
    const byte = this.peek();
    if (byte === quote) this.#skipString();
    else if (byte === openBracket || byte === openBrace) this.#skipNested();
    else this.value();
  }

  /** Checks that nothing but white space is left. */
  end(): void {
    if (this.peek() !== -1) this.fail(`expected the end of the file, found ${this.#found()}`);
  }

  close(): void {
    this.source.close();
  }

  /** @param at byte in the buffer */
  fail(message: string, at = this.#at): never {
    const byte = this.#base + at;
    const { line, column } = placeOf(this.source, byte);
    throw new DatasetError(this.source.name, [{ at: `line ${line}, column ${column} (byte ${byte})`, message }]);
  }

  /** True if the token that reached `at` may go on there: then it has moved to the buffer's start, to be read again. */
  #atCut(at: number): boolean {
    if (at !== this.#end || this.#exhausted) return false;
    this.#refill(this.#at);
    return true;
  }

  /** Drops the bytes before `keep` and reads more behind the others. All indices move. */
  #refill(keep: number): void {
    let buffer = this.#buffer;
    const kept = this.#end - keep;
    if (kept === buffer.length - 1) {
      buffer = Buffer.allocUnsafe(buffer.length * 2 - 1); // a token as long as the buffer
      this.#buffer.copy(buffer, 0, keep, this.#end);
    } else buffer.copyWithin(0, keep, this.#end);
    const count = this.source.read(buffer, kept, buffer.length - 1 - kept);
    this.#buffer = buffer;
    this.#base += keep;
    this.#at -= keep;
    this.#end = kept + count;
    buffer[this.#end] = 0;
    this.#exhausted = count === 0;
  }

  /** Reads an opening bracket; false if its closing one follows at once. */
  #opens(open: number, close: number): boolean {
    if (this.peek() !== open) this.fail(`expected '${String.fromCharCode(open)}', found ${this.#found()}`);
    this.#at++;
    if (this.peek() !== close) return true;
    this.#at++;
    return false;
  }

  /** Reads a comma (true) or the closing bracket (false). */
  #continues(close: number, name: string): boolean {
    const byte = this.peek();
    if (byte !== comma && byte !== close) this.fail(`expected ',' or '${name}', found ${this.#found()}`);
    this.#at++;
    return byte === comma;
  }

  #expect(byte: number, name: string): void {
    if (this.peek() !== byte) this.fail(`expected ${name}, found ${this.#found()}`);
    this.#at++;
  }

  #number(): number {
    for (;;) {
      const buffer = this.#buffer;
      const start = this.#at;
      const negative = buffer[start] === minus;
      let at = negative ? start + 1 : start;
      const firstDigit = at;
      let mantissa = 0;
      let byte = buffer[at]!;
      while (byte >= zero && byte <= nine) {
        mantissa = mantissa * 10 + (byte - zero);
        byte = buffer[++at]!;
      }
      let digits = at - firstDigit;
      let simple = digits > 0 && (digits === 1 || buffer[firstDigit] !== zero);
      let decimals = 0;
      if (byte === dot) {
        const firstDecimal = ++at;
        byte = buffer[at]!;
        while (byte >= zero && byte <= nine) {
          mantissa = mantissa * 10 + (byte - zero);
          byte = buffer[++at]!;
        }
        decimals = at - firstDecimal;
        digits += decimals;
        simple &&= decimals > 0;
      }
      if (byte === 0 && this.#atCut(at)) continue;
      // 15 digits fit into 53 bits, and so the quotient of two exact doubles is the nearest double (Clinger, 1990).
      if (simple && digits <= 15 && byte !== 0x65 && byte !== 0x45) {
        this.#at = at;
        const size = decimals === 0 ? mantissa : mantissa / powersOfTen[decimals]!;
        return negative ? -size : size;
      }
      const value = this.#longNumber();
      if (value !== undefined) return value;
    }
  }

  /** A number with an exponent or many digits, through the engine's own conversion; undefined if the buffer cut it. */
  #longNumber(): number | undefined {
    let at = this.#at;
    while (isNumberByte(this.#buffer[at]!)) at++;
    if (this.#atCut(at)) return undefined;
    const text = this.#buffer.toString('latin1', this.#at, at);
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) {
      const infinite = text.includes('Infinity');
      this.fail(infinite ? bareWord(text) : `${text} is not a number`);
    }
    this.#at = at;
    return Number(text);
  }

  /** Where the string that starts at the reader ends: the index of its closing quote, and what is in it. */
  #stringEnd(): { close: number; plain: boolean; escaped: boolean } {
    for (;;) {
      const buffer = this.#buffer;
      let bits = 0;
      let escaped = false;
      let at = this.#at + 1;
      let byte = buffer[at]!;
      while (byte !== quote && byte >= 0x20) {
        if (byte === backslash) {
          escaped = true;
          at++;
          if (at === this.#end) break; // the escaped byte lies beyond the buffer
        }
        bits |= byte;
        byte = buffer[++at]!;
      }
      if (byte === quote && at < this.#end) return { close: at, plain: bits < 0x80, escaped };
      if (this.#atCut(at)) continue;
      if (at >= this.#end) this.fail('the string that starts here has no end');
      this.fail('a control character (such as a line break) inside a string', at);
    }
  }

  #string(): string {
    const { close, plain, escaped } = this.#stringEnd();
    const start = this.#at;
    if (escaped) {
      try {
        const text = JSON.parse(this.#buffer.toString('utf8', start, close + 1));
        this.#at = close + 1;
        return text;
      } catch {
        this.fail('a wrong escape in this string');
      }
    }
    this.#at = close + 1;
    return this.#buffer.toString(plain ? 'latin1' : 'utf8', start + 1, close);
  }

  /** Passes over a string without keeping it in the buffer, however long it is. */
  #skipString(): void {
    const start = this.#base + this.#at;
    this.#at++;
    let escaped = false;
    for (;;) {
      if (this.#at === this.#end) {
        if (this.#atCut(this.#at)) continue;
        this.fail('the string that starts here has no end', start - this.#base);
      }
      const byte = this.#buffer[this.#at++]!;
      if (escaped) escaped = false;
      else if (byte === quote) return;
      else escaped = byte === backslash;
    }
  }

  #skipNested(): void {
    const start = this.#base + this.#at;
    let buffer = this.#buffer;
    let at = this.#at;
    let depth = 0;
    for (;;) {
      const byte = buffer[at]!;
      if (byte === quote) {
        this.#at = at;
        this.#skipString();
        buffer = this.#buffer;
        at = this.#at;
        continue;
      }
      if (byte === 0 && at === this.#end) {
        this.#at = at;
        if (!this.#atCut(at)) this.fail('the array or object that starts here has no end', start - this.#base);
        buffer = this.#buffer;
        at = this.#at;
        continue;
      }
      at++;
      const bracket = byte | braceBit;
      if (bracket === openBrace) depth++;
      else if (bracket === closeBrace && --depth === 0) break;
    }
    this.#at = at;
  }

  #items(depth: number): unknown[] {
    const items: unknown[] = [];
    if (!this.#opens(openBracket, closeBracket)) return items;
    do items.push(this.value(depth));
    while (this.#continues(closeBracket, ']'));
    return items;
  }

  /** Reads a key; its index in the set, or -1. None of the wanted names needs an escape. */
  #fieldKey({ bytes, longest }: FieldSet): number {
    while (this.#end - this.#at < longest + 2 && !this.#exhausted) this.#refill(this.#at);
    for (let tried = 0; tried < bytes.length; tried++) {
      const field = (this.#expectedField + tried) % bytes.length;
      const name = bytes[field]!;
      if (!this.#isKey(name)) continue;
      this.#at += name.length + 2;
      this.#expectedField = field + 1;
      return field;
    }
    this.#skipString();
    return -1;
  }

  #isKey(name: Uint8Array): boolean {
    const buffer = this.#buffer;
    const start = this.#at + 1;
    if (buffer[start + name.length] !== quote) return false;
    for (let i = 0; i < name.length; i++) if (buffer[start + i] !== name[i]) return false;
    return start + name.length < this.#end;
  }

  #literal(): unknown {
    const word = this.#word();
    if (!literals.has(word)) {
      this.fail(word === 'NaN' || word === 'Infinity' ? bareWord(word) : `expected a value, found ${this.#found()}`);
    }
    this.#at += word.length;
    return literals.get(word);
  }

  /** The letters that come next. */
  #word(): string {
    for (;;) {
      let at = this.#at;
      while (/[A-Za-z]/.test(String.fromCharCode(this.#buffer[at]!))) at++;
      if (!this.#atCut(at)) return this.#buffer.toString('latin1', this.#at, at);
    }
  }

  /** The next few characters, for a message. */
  #found(): string {
    if (this.peek() === -1) return 'the end of the file';
    const text = this.#buffer.toString('utf8', this.#at, Math.min(this.#end, this.#at + 24));
    return JSON.stringify(text.split(/[\s,\]}]/)[0] || text[0]);
  }
}

/** Digits, signs, a point, and letters: `e`, and those of words that are no numbers. */
function isNumberByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (byte >= zero && byte <= nine) ||
    byte === minus ||
    byte === dot ||
    byte === 0x2b ||
    (letter >= 0x61 && letter <= 0x7a)
  );
}

function bareWord(word: string): string {
  return `${word} is not JSON (Python's json writes it for a number that is not finite)`;
}
