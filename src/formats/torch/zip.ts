import { CheckpointError, type Problem } from '../../errors.js';
import type { ByteSource } from '../byteSource.js';

/** Where the bytes of an archive's entry lie in the file. */
export interface ZipEntry {
  readonly offset: number;
  readonly length: number;
}

/** Bytes of the table of contents: 50,000 entries or so. A CMT checkpoint with optimizer and EMA has 6,000. */
const maxDirectoryBytes = 2 ** 23;

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
};

/**
 * The entries of a zip archive whose entries are stored as they are, which is how torch.save writes them: the bytes of a
 * tensor can then be read in place. Compressed entries are refused, and with them everything that expands.
 *
 * Sizes come from the central directory, as torch leaves those of the local headers 0; so do ZIP64 numbers.
 * Source: PKWARE, APPNOTE.TXT - .ZIP File Format Specification 6.3.10, sections 4.3 and 4.5.3.
 *
 * @returns by full name, `archive/data.pkl`
 * @throws CheckpointError where it is cut off, compressed, encrypted, or entries overlap or repeat
 */
export function readZipDirectory(bytes: ByteSource): Map<string, ZipEntry> {
  const fail = (at: string, message: string): never => {
    throw new CheckpointError(bytes.name, [{ at, message }], 'The file is cut off or damaged; fetch it again.');
  };
  const { count, offset, length } = findDirectory(bytes) ?? fail('zip', 'the end of the archive is missing');
  if (length > maxDirectoryBytes) fail('zip', `a table of contents of ${length} bytes; ${maxDirectoryBytes} are read`);
  const directory = viewOf(bytes.read(offset, length));
  const headers: CentralHeader[] = [];
  for (let at = 0; at < length; ) {
    const header = readCentralHeader(directory, at) ?? fail('zip', `no entry at byte ${offset + at}`);
    headers.push(header);
    at += header.headerLength;
  }
  if (headers.length !== count) fail('zip', `${headers.length} entries are listed, ${count} are announced`);
  return locate(bytes, headers, offset);
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer);
}

interface Directory extends ZipEntry {
  readonly count: number;
}

/** The central directory's place, from the record at the end of the file and, where there is one, its ZIP64 double. */
function findDirectory(bytes: ByteSource): Directory | undefined {
  const tailLength = Math.min(bytes.size, endLength + 0xffff); // the record may be followed by a comment
  const tailStart = bytes.size - tailLength;
  const tail = viewOf(bytes.read(tailStart, tailLength));
  for (let at = tailLength - endLength; at >= 0; at--) {
    if (tail.getUint32(at, true) !== signatures.end || at + endLength + tail.getUint16(at + 20, true) !== tailLength)
      continue;
    const zip64 = readZip64End(bytes, tailStart + at - zip64LocatorLength);
    return (
      zip64 ?? {
        count: tail.getUint16(at + 10, true),
        length: tail.getUint32(at + 12, true),
        offset: tail.getUint32(at + 16, true),
      }
    );
  }
  return undefined;
}

const endLength = 22;
const zip64LocatorLength = 20;
const zip64EndLength = 56;

function readZip64End(bytes: ByteSource, locatorStart: number): Directory | undefined {
  if (locatorStart < 0) return undefined;
  const locator = viewOf(bytes.read(locatorStart, zip64LocatorLength));
  if (locator.getUint32(0, true) !== signatures.zip64Locator) return undefined;
  const end = viewOf(bytes.read(uint64(locator, 8), zip64EndLength));
  if (end.getUint32(0, true) !== signatures.zip64End) return undefined;
  return { count: uint64(end, 32), length: uint64(end, 40), offset: uint64(end, 48) };
}

interface CentralHeader {
  readonly name: string;
  readonly encrypted: boolean;
  /** 0: stored. */
  readonly method: number;
  readonly compressedLength: number;
  readonly length: number;
  readonly localHeader: number;
  /** Of this header with all that belongs to it. */
  readonly headerLength: number;
}

function readCentralHeader(directory: DataView<ArrayBuffer>, at: number): CentralHeader | undefined {
  if (at + 46 > directory.byteLength || directory.getUint32(at, true) !== signatures.central) return undefined;
  const nameLength = directory.getUint16(at + 28, true);
  const extraLength = directory.getUint16(at + 30, true);
  const headerLength = 46 + nameLength + extraLength + directory.getUint16(at + 32, true);
  if (at + headerLength > directory.byteLength) return undefined;
  const wide = wideNumbers(directory, at + 46 + nameLength, extraLength);
  // Fields that do not fit in 32 bits stand in the ZIP64 extra field instead, in this order.
  const narrowOrWide = (offset: number) => {
    const narrow = directory.getUint32(at + offset, true);
    return narrow === 0xffffffff ? (wide.shift() ?? narrow) : narrow;
  };
  const length = narrowOrWide(24);
  const compressedLength = narrowOrWide(20);
  const localHeader = narrowOrWide(42);
  return {
    name: new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameLength)),
    encrypted: (directory.getUint16(at + 8, true) & 1) !== 0,
    method: directory.getUint16(at + 10, true),
    compressedLength,
    length,
    localHeader,
    headerLength,
  };
}

/** The 64-bit numbers of the ZIP64 extra field (id 1). */
function wideNumbers(directory: DataView, start: number, length: number): number[] {
  for (let at = start; at + 4 <= start + length; ) {
    const size = directory.getUint16(at + 2, true);
    const end = Math.min(at + 4 + size, start + length);
    if (directory.getUint16(at, true) === 1) {
      const numbers: number[] = [];
      for (let field = at + 4; field + 8 <= end; field += 8) numbers.push(uint64(directory, field));
      return numbers;
    }
    at = end;
  }
  return [];
}

/** Inexact beyond 2^53, where no file reaches and every read refuses it. */
function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** Finds each entry's bytes behind its local header, and proves that no byte belongs to two entries. */
function locate(bytes: ByteSource, headers: readonly CentralHeader[], directoryStart: number): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  const problems: Problem[] = [];
  let free = 0;
  for (const header of [...headers].sort((a, b) => a.localHeader - b.localHeader)) {
    const { name, length, localHeader } = header;
    let fault = storedFault(header);
    if (entries.has(name)) fault ??= 'is listed twice';
    if (localHeader < free || localHeader + 30 + length > directoryStart) fault ??= 'overlaps its neighbour';
    if (fault === undefined) {
      const local = viewOf(bytes.read(localHeader, 30));
      const offset = localHeader + 30 + local.getUint16(26, true) + local.getUint16(28, true);
      if (local.getUint32(0, true) !== signatures.local) fault = `has no header at byte ${localHeader}`;
      else if (offset + length > directoryStart) fault = 'overlaps the table of contents';
      entries.set(name, { offset, length });
      free = offset + length;
    }
    if (fault !== undefined) problems.push({ at: name, message: fault });
  }
  if (problems.length > 0) throw new CheckpointError(bytes.name, problems, notSaved);
  return entries;
}

const notSaved =
  'torch.save writes no such archive. (Programs of torch.jit.save look like this: load one, and save its state_dict().)';

function storedFault({ encrypted, method, length, compressedLength }: CentralHeader): string | undefined {
  if (encrypted) return 'is encrypted';
  if (method !== 0) return `is compressed (method ${method}); only stored entries are read`;
  if (length !== compressedLength) return `says ${length} bytes, and ${compressedLength} when stored`;
  return undefined;
}
