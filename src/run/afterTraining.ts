import { isForPeople } from '../errors.js';

/**
 * Does what follows a run that has come to its end. What goes wrong with it is told and spoils nothing: the run is done.
 *
 * @param what is not there then, as the beginning of a sentence
 * @returns undefined where it went wrong
 */
export async function afterTraining<T>(
  what: string,
  onWarning: ((message: string) => void) | undefined,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isForPeople(error)) throw error;
    onWarning?.(`${what}: ${error.message}`);
    return undefined;
  }
}
