/** Names, keys and messages may come from anywhere: what would move a terminal's cursor or forge a line is made visible. */

// C0 and C1 controls, and the characters that reverse the direction of writing.
const controls = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** `a\nb` for a name with a line break, `\x1b[31m` for one that would colour the terminal. */
export const escapeControls = (text: string): string => text.replace(controls, visible);

/** The same for text of several lines, which keep their breaks and tabs. */
export const escapeLines = (text: string): string =>
  text.replace(controls, (character) => (character === '\n' || character === '\t' ? character : visible(character)));

function visible(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/** A name for a file that is written: without what systems refuse, hide or misread. */
export const safeFileName = (name: string): string => name.replace(controls, '_').replace(/[/\\]/g, '_');
