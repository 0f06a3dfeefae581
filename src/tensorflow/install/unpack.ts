import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';

/**
 * Unpacks those files of a wheel (a zip) that `wanted` picks, and returns their paths and sizes in bytes.
 * yauzl refuses names that leave the folder and entries whose size is not the stated one.
 */
export async function unpackWheel(
  wheel: string,
  folder: string,
  wanted: (path: string) => boolean,
  onBytes: (bytes: number) => void = () => {},
): Promise<Record<string, number>> {
  const files: Record<string, number> = {};
  const zip = await openPromise(wheel);
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/') || !wanted(entry.fileName)) continue;
    const target = join(folder, entry.fileName);
    mkdirSync(dirname(target), { recursive: true });
    const mode = (entry.externalFileAttributes >>> 16) & 0o111 ? 0o755 : 0o644; // ptxas must stay executable
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        onBytes(chunk.length);
        done(null, chunk);
      },
    });
    // `flush` syncs to disk before the file closes, so a power cut cannot leave a manifest without its library.
    await pipeline(await zip.openReadStreamPromise(entry), counted, createWriteStream(target, { mode, flush: true }));
    files[entry.fileName] = entry.uncompressedSize;
  }
  return files;
}

/** SHA-256 of a file, in hex. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
