/** Counts things that are worth one warning a kind, and remembers the first few. */
export class Tally {
  readonly #kinds = new Map<string, { count: number; first: string[] }>();

  /** @param kind the warning's text, where `{n}` stands for the count */
  add(kind: string, at: string): void {
    const entry = this.#kinds.get(kind) ?? { count: 0, first: [] };
    this.#kinds.set(kind, entry);
    entry.count++;
    if (entry.first.length < 5) entry.first.push(at);
  }

  /** One sentence a kind: `3 boxes have no area (annotation 4, annotation 9, annotation 12)`. */
  sentences(): string[] {
    return [...this.#kinds].map(([kind, { count, first }]) => {
      const more = count > first.length ? ', ...' : '';
      return `${kind.replace('{n}', String(count))} (${first.join(', ')}${more})`;
    });
  }
}
