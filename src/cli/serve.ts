/** `cmtdet serve`: a detector behind HTTP, until it is told to end. */
import { once } from 'node:events';
import { type ServeOptions, serve } from '../run/serve.js';
import { note, printJson, warn } from './console.js';
import { interruptible } from './interruptible.js';

export interface ServeCommandOptions extends Omit<ServeOptions, 'checkpoint' | 'observer' | 'signal'> {
  readonly json?: boolean;
}

/** @throws InterruptedError when it was told to end before it was ready */
export async function runServe(checkpoint: string, { json, ...options }: ServeCommandOptions): Promise<void> {
  await interruptible(async ({ signal, listen }) => {
    listen();
    const server = await serve({ checkpoint, ...options, observer: { onWarning: warn }, signal });
    try {
      if (server.noPage !== undefined) warn(`no page at /: ${server.noPage}`);
      if (json) printJson({ address: server.address });
      note(`serving ${checkpoint} at ${server.address}; Ctrl-C ends it`);
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await server.close();
    }
  }, 'answering what is there, then ending; once more to end at once');
}
