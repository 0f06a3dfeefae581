/**
 * Threads for operations that belong to one session.
 *
 * TensorFlow has one set of them in a process: as many as the first session asked for, whatever later ones ask for. A JPEG decoder that was opened
 * first, which works in its caller's thread, left one thread to every network after it. (docs/decisions/0016-a-core-a-share.md)
 */
import koffi from 'koffi';
import { findLibrary } from './install/locate.js';

/** `tensorflow::LocalDevice::use_global_threadpool_`, a `bool` that TensorFlow reads when a session makes its devices. */
const flagName = '_ZN10tensorflow11LocalDevice22use_global_threadpool_E';

let flag: unknown;
let isSearched = false;

/** Whether this TensorFlow can give a session threads of its own. */
export function canOwnThreads(): boolean {
  if (!isSearched) {
    isSearched = true;
    try {
      flag = koffi.load(findLibrary().framework).symbol(flagName);
    } catch {} // not a build of 2.21: all sessions share the threads of the first
  }
  return flag !== undefined;
}

/** Makes a session, or a server, that has as many threads for operations as it asks for. */
export function withOwnThreads<T>(make: () => T): T {
  if (!canOwnThreads()) return make();
  koffi.encode(flag, 'bool', false);
  try {
    return make();
  } finally {
    koffi.encode(flag, 'bool', true);
  }
}
