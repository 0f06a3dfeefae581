/** What was mended in a data set, or left out of it: none of that happens in silence. */

/** All faults of one kind. */
export interface Repair {
  /** What was found, how often, what became of it, and the first few places, in one line. */
  readonly message: string;
  readonly count: number;
  /** Every place, in the order of the file; neighbours of a list as one range, `annotations[4 .. 9]`. */
  readonly places: Iterable<string>;
}

/** Places that a message names. */
const shown = 5;

/** Counts faults by kind, and remembers every place. */
export class RepairTally {
  readonly #kinds = new Map<string, Places>();

  /** @param kind the line, where `{n}` stands for the count */
  add(kind: string, place: string): void {
    this.#placesOf(kind).add(place);
  }

  /** The same of an entry of a list in the file. Millions of neighbours take no memory. */
  addEntry(kind: string, list: string, index: number): void {
    this.#placesOf(kind).addEntry(list, index);
  }

  repairs(): Repair[] {
    return [...this.#kinds].map(([kind, places]) => {
      const first = places.first(shown);
      const more = first.length < places.length ? ', ...' : '';
      const { count } = places;
      return { message: `${kind.replace('{n}', String(count))} (${first.join(', ')}${more})`, count, places };
    });
  }

  #placesOf(kind: string): Places {
    let places = this.#kinds.get(kind);
    if (places === undefined) {
      places = new Places();
      this.#kinds.set(kind, places);
    }
    return places;
  }
}

/** Texts, and ranges of the entries of a list. */
class Places implements Iterable<string> {
  count = 0;
  readonly #places: (string | { readonly list: string; readonly from: number; to: number })[] = [];

  /** Texts and ranges. */
  get length(): number {
    return this.#places.length;
  }

  add(place: string): void {
    this.count++;
    this.#places.push(place);
  }

  addEntry(list: string, index: number): void {
    this.count++;
    const last = this.#places.at(-1);
    if (typeof last === 'object' && last.list === list && last.to === index - 1) last.to = index;
    else this.#places.push({ list, from: index, to: index });
  }

  first(count: number): string[] {
    return this.#places.slice(0, count).map(textOf);
  }

  *[Symbol.iterator](): Generator<string> {
    for (const place of this.#places) yield textOf(place);
  }
}

function textOf(place: string | { readonly list: string; readonly from: number; readonly to: number }): string {
  if (typeof place === 'string') return place;
  const { list, from, to } = place;
  return from === to ? `${list}[${from}]` : `${list}[${from} .. ${to}]`;
}
