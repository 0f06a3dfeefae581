import { CheckpointError } from '../../errors.js';

/** A cursor over the arguments of pickle operations; every read is checked against the bytes that are there. */
export class PickleReader {
  #at: number;
  readonly #view: DataView;
  readonly #utf8 = new TextDecoder(); // lone surrogates, which Python lets through, become U+FFFD

  constructor(
    readonly source: string,
    readonly bytes: Uint8Array,
    start: number,
  ) {
    this.#at = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the next read begins. */
  get position(): number {
    return this.#at;
  }

  /** @returns never: throws a CheckpointError that names this place */
  fail(message: string): never {
    throw new CheckpointError(this.source, [{ at: `pickle byte ${this.#at}`, message }]);
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** A length of 8 bytes. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true)); // beyond 2^53 it is inexact, and refused on use
  }

  /** Big-endian, alone among the numbers of a pickle. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** Two's complement, little-endian; a number where that is exact. */
  integer(byteCount: number): number | bigint {
    if (byteCount > maxIntegerBytes) this.fail(`an integer of ${byteCount} bytes`);
    let value = 0n;
    for (const byte of this.take(byteCount).toReversed()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(8 * byteCount, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** The bytes themselves, not a copy. */
  take(byteCount: number): Uint8Array {
    const start = this.#advance(byteCount);
    return this.bytes.subarray(start, start + byteCount);
  }

  text(byteCount: number): string {
    return this.#utf8.decode(this.take(byteCount));
  }

  /** Up to the next line feed, which is skipped. */
  line(): string {
    const end = this.bytes.subarray(this.#at, this.#at + maxLineBytes).indexOf(0x0a);
    if (end < 0) this.fail('a name without an end');
    const text = this.text(end);
    this.#advance(1);
    return text;
  }

  /** Moves on by `byteCount`; gives the place before. */
  #advance(byteCount: number): number {
    const start = this.#at;
    if (byteCount > this.bytes.length - start)
      this.fail(`expected ${byteCount} more bytes, found ${this.bytes.length - start}: the file is cut off or damaged`);
    this.#at += byteCount;
    return start;
  }
}

/** Long enough for any number of a checkpoint (the longest known is torch's magic number, 10), short enough to be cheap. */
const maxIntegerBytes = 64;
/** Of a module or class name. */
const maxLineBytes = 1024;
