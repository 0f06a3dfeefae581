/** A text of at most `most` letters: of a longer one its beginning and its end, since names often differ in one of the two. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const letters = Array.from(text.length > 4 * most ? text.slice(0, 2 * most) + text.slice(-2 * most) : text);
  if (letters.length <= most) return text;
  const end = Math.floor((most - dots.length) / 3);
  return letters.slice(0, most - dots.length - end).join('') + dots + letters.slice(letters.length - end).join('');
}

const dots = '...';
