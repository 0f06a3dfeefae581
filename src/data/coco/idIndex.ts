import { type CocoId, describe } from './schema.js';

/** Why a value cannot be an id; undefined if it can. */
export function idProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return `expected a whole number or a string, found ${describe(value)}`;
  }
  if (Number.isSafeInteger(value)) return undefined;
  return `${value} is beyond 2^53 - 1, where different ids become the same number; write ids as strings`;
}

/** Why a value cannot be the id of a category, which is a number; undefined if it can. */
export function numberIdProblem(value: unknown): string | undefined {
  return typeof value === 'string' ? `expected a whole number, found ${describe(value)}` : idProblem(value);
}

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

  /** `image_id 1 (number) vs id "1" (string)`, or that there is none. */
  whyMissing(field: string, id: CocoId): string {
    this.#byNumber ??= new Map(this.ids.filter(looksNumeric).map((known) => [Number(known), known]));
    const near = looksNumeric(id) ? this.#byNumber.get(Number(id)) : undefined;
    const found = `${field} ${describe(id)}`;
    if (near !== undefined) return `${found} vs id ${describe(near)}: write both the same way`;
    return `no entry has this id: ${found}`;
  }
}

function looksNumeric(id: CocoId): boolean {
  return typeof id === 'number' || /^\d+(\.0+)?$/.test(id);
}
