import { closeSync, readFileSync } from 'node:fs';
import { openRegularFile } from './regularFile.js';

/**
 * A text file in whichever encoding it says it has: by its byte order mark, else by the `encoding` of an XML declaration,
 * else UTF-8. The mark is left out.
 *
 * @param path 0 is standard input
 * @throws the system's own error where it cannot be read
 */
export function readText(path: string | 0): string {
  if (path === 0) return decodeText(readFileSync(0));
  const { descriptor } = openRegularFile(path);
  try {
    return decodeText(readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

/** The bytes of a text file, read as {@link readText} does. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const declared = /^<\?xml[^>]*encoding=["']([\w-]+)["']/.exec(start)?.[1];
  return declared && isEncoding(declared) && !/^utf-?16/i.test(declared) ? declared : 'utf-8';
}

function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
