import { writeFileSync } from 'node:fs';
import { pack } from 'tar-stream';

/** The bytes of a tar file with these members, as another program writes it. */
export async function tarBytes(members: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(members)) archive.entry({ name }, Buffer.from(content));
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export async function saveTar(file: string, members: Readonly<Record<string, Uint8Array>>): Promise<void> {
  writeFileSync(file, await tarBytes(members));
}
