/** Keeps native code from writing to standard error. */
import koffi from 'koffi';

const standardError = 2;

/**
 * Runs `body` with file descriptor 2 led to nowhere.
 *
 * TensorFlow greets from static initialisers, before any of its settings can silence it. What Node writes itself waits:
 * `body` must be synchronous, and report by throwing.
 */
export function quietly<T>(body: () => T): T {
  const c = koffi.load(null);
  const dup = c.func('int dup(int)');
  const dup2 = c.func('int dup2(int, int)');
  const open = c.func('int open(const char *, int)');
  const close = c.func('int close(int)');
  const saved: number = dup(standardError);
  const nowhere: number = open('/dev/null', 1);
  try {
    dup2(nowhere, standardError);
    return body();
  } finally {
    dup2(saved, standardError);
    close(nowhere);
    close(saved);
  }
}
