/** The fields of a record that are wanted, in the order in which files usually write them. */
export class FieldSet<Name extends string = string> {
  readonly bytes: readonly Uint8Array[];
  /** Bytes of the longest name. */
  readonly longest: number;

  constructor(readonly names: readonly Name[]) {
    this.bytes = names.map((name) => new TextEncoder().encode(name));
    this.longest = Math.max(...this.bytes.map(({ length }) => length));
  }
}
