import type { ByteStream } from './byteStream.js';

/** Line and column, counted from 1, of a byte. */
export function placeOf(source: ByteStream, byte: number): { line: number; column: number } {
  const again = source.reopen();
  const chunk = new Uint8Array(1 << 16);
  let line = 1;
  let lineStart = 0;
  let position = 0;
  while (position < byte) {
    const count = again.read(chunk, 0, Math.min(chunk.length, byte - position));
    if (count === 0) break;
    for (let i = chunk.indexOf(0x0a); i >= 0 && i < count; i = chunk.indexOf(0x0a, i + 1)) {
      line++;
      lineStart = position + i + 1;
    }
    position += count;
  }
  again.close();
  return { line, column: byte - lineStart + 1 };
}
