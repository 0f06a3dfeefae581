/** Work that Ctrl-C ends in its own time. */
import { note } from './console.js';

export interface Interruption {
  readonly signal: AbortSignal;
  /** From now on the first Ctrl-C gives the signal, at which the work ends where nothing is lost. A second one ends the process. */
  listen(): void;
}

/** Runs `body`, which says from when on Ctrl-C is not to end the process at once. @param words said at the first one */
export async function interruptible<T>(
  body: (interruption: Interruption) => Promise<T>,
  words = 'stopping after this step; once more to stop at once',
): Promise<T> {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = () => {
    note(words);
    for (const name of names) process.off(name, stop);
    controller.abort();
  };
  const listen = () => {
    for (const name of names) process.on(name, stop);
  };
  try {
    return await body({ signal: controller.signal, listen });
  } finally {
    for (const name of names) process.off(name, stop);
  }
}
