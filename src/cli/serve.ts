/** `cmtdet serve`: a detector behind HTTP, until it is told to end. */
import { type ServeOptions, serve } from '../run/serve.js';
import { note, printJson, warn } from './console.js';

export interface ServeCommandOptions extends Omit<ServeOptions, 'checkpoint'> {
  readonly json?: boolean;
}

export async function runServe(checkpoint: string, { json, ...options }: ServeCommandOptions): Promise<void> {
  const server = await serve({ checkpoint, ...options });
  if (server.noPage !== undefined) warn(`no page at /: ${server.noPage}`);
  if (json) printJson({ address: server.address });
  note(`serving ${checkpoint} at ${server.address}; Ctrl-C ends it`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  note('answering what is there, then ending');
  await server.close();
}
