import { LiveLine } from './liveLine.js';

/** Shows how many pictures of a data set have been looked at, if that takes more than a second. */
export function lookingLine(): (done: number, total: number) => void {
  const line = new LiveLine({ silentMs: 1000 });
  return (done, total) => {
    if (done < total) line.update(`looked at ${done} of ${total} pictures`);
    else line.clear();
  };
}
