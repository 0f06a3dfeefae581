import { type CocoId, describe } from './cocoFile.js';

/** Finds the position of an id, and explains why one is not found. */
export class IdIndex<Id extends CocoId> {
  readonly #positions: Map<CocoId, number>;
  /** Ids by their number, for the explanation: 1, "1" and "000001" are the same here. Built on first use. */
  #byNumber: Map<number, CocoId> | undefined;

  constructor(readonly ids: readonly Id[]) {
    this.#positions = new Map(ids.map((id, position) => [id, position]));
  }

  get(id: CocoId): number | undefined {
    return this.#positions.get(id);
  }

  has(id: unknown): boolean {
    return this.#positions.has(id as CocoId);
  }

  /** Whether an id that is not there is one of them, written another way: 1, "1" and "000001". */
  isNear(id: CocoId): boolean {
    return this.#near(id) !== undefined;
  }

  #near(id: CocoId): CocoId | undefined {
    this.#byNumber ??= new Map(this.ids.filter(looksNumeric).map((known) => [Number(known), known]));
    return looksNumeric(id) ? this.#byNumber.get(Number(id)) : undefined;
  }

  /** `image_id 1 (number) vs id "1" (string)`, or that there is none. */
  whyMissing(field: string, id: CocoId): string {
    const near = this.#near(id);
    const found = `${field} ${describe(id)}`;
    if (near !== undefined) return `${found} vs id ${describe(near)}: write both the same way`;
    return `no entry has this id: ${found}`;
  }
}

function looksNumeric(id: CocoId): boolean {
  return typeof id === 'number' || /^\d+(\.0+)?$/.test(id);
}
