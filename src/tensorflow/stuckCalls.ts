/** Native calls that may never return: a process with one of them cannot end as usual. */
import koffi from 'koffi';

let isArranged = false;

/** From now on the end of the process does not wait for native calls under way (Node would, for its own threads). */
export function endDespiteCallsUnderWay(): void {
  if (isArranged) return;
  isArranged = true;
  const exit = koffi.load(null).func('void _exit(int)');
  process.once('exit', (code) => exit(code));
}
