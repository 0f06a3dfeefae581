import { PickleReader } from './pickleReader.js';

/** A class or function that a pickle names. It is a name and nothing more: nothing is looked up or imported. */
export class PickleGlobal {
  /** @param name with its module, `collections.OrderedDict` */
  constructor(readonly name: string) {}
}

/** An object of a class that is not read: what the pickle would have passed to it, kept as plain data. */
export class InertRecord {
  /** What `__setstate__` would get. */
  state: unknown;
  /** What `append`, `extend` or `add` would get. */
  readonly items: unknown[] = [];
  /** What `__setitem__` would get. */
  readonly entries = new Map<unknown, unknown>();

  constructor(
    /** The class or function, with its module: `argparse.Namespace`. */
    readonly className: string,
    /** What its constructor would get. */
    readonly args: readonly unknown[],
  ) {}
}

/** What the reader of a format adds to plain pickles. */
export interface PickleRules {
  /** The object outside the pickle that a persistent id stands for. */
  persistent(id: unknown, reader: PickleReader): unknown;
  /** What calling `name` with `args` gives; undefined for an {@link InertRecord}. It must cost no more than it returns. */
  call(name: string, args: readonly unknown[], reader: PickleReader): unknown;
}

/** Limits on what a file may ask for; a CMT-B checkpoint with optimizer and EMA takes 300,000 operations, 5 levels. */
const maxOperations = 2_000_000;
const maxNesting = 500;
const maxNameLength = 1024;

/**
 * Reads one pickle of protocol 2 to 5 into plain values, and runs nothing: classes stay names, their objects
 * become {@link InertRecord}s.
 *
 * None, booleans and strings are themselves; int is a number, or a bigint beyond 2^53; bytes are a Uint8Array over the
 * input; list and tuple are arrays; dict, OrderedDict and defaultdict are Maps; set and frozenset are Sets.
 *
 * Operations: Python's Lib/pickletools.py. Text operations of protocols 0 and 1, extension codes and out-of-band
 * buffers are refused; torch.save writes none.
 *
 * @throws CheckpointError where the bytes are no such pickle, or nest or expand beyond any real checkpoint
 */
export function unpickle(source: string, bytes: Uint8Array, start: number, rules: PickleRules): Unpickled {
  const reader = new PickleReader(source, bytes, start);
  const machine = new Machine(reader, rules);
  for (;;) {
    machine.charge(1);
    const code = reader.uint8();
    if (code === stop) return { value: machine.pop(), end: reader.position };
    const operation = operations[code] ?? reader.fail(`unknown operation 0x${code.toString(16).padStart(2, '0')}`);
    operation(machine, reader);
  }
}

export interface Unpickled {
  readonly value: unknown;
  /** Where the bytes after the pickle begin. */
  readonly end: number;
}

/** The state that operations work on: a stack, marks in it, and a memo. */
class Machine {
  readonly #reader: PickleReader;
  readonly #rules: PickleRules;
  readonly #stack: unknown[] = [];
  /** Heights of the stack where a MARK was set. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  /** Levels of containers below each container that has any. */
  readonly #levels = new Map<object, number>();
  #operations = 0;

  constructor(reader: PickleReader, rules: PickleRules) {
    this.#reader = reader;
    this.#rules = rules;
  }

  /** Counts work against the limit, so that a small file cannot ask for a great deal of it. */
  charge(work: number): void {
    this.#operations += work;
    if (this.#operations > maxOperations) this.#reader.fail(`more than ${maxOperations} operations`);
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.#reader.fail('the stack is empty');
    return this.#stack.pop();
  }

  peek(): unknown {
    const top = this.pop();
    this.push(top);
    return top;
  }

  mark(): void {
    if (this.#marks.push(this.#stack.length) > maxNesting) this.#reader.fail(`nested deeper than ${maxNesting} levels`);
  }

  /** Everything above the last mark, which goes too. */
  popToMark(): unknown[] {
    return this.#stack.splice(this.#marks.pop() ?? this.#reader.fail('no mark is set'));
  }

  popMarkOrValue(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  memoise(key = this.#memo.size): void {
    this.#memo.set(key, this.peek());
  }

  recall(key: number): void {
    if (!this.#memo.has(key)) this.#reader.fail(`memo ${key} is not set`);
    this.push(this.#memo.get(key));
  }

  pushTuple(items: unknown[]): void {
    this.#contain(items, items);
    this.push(items);
  }

  /** Adds values to the list, set or record on top of the stack. */
  addItems(items: readonly unknown[]): void {
    const target = this.peek();
    if (Array.isArray(target)) for (const item of items) target.push(item);
    else if (target instanceof Set) for (const item of items) target.add(item);
    else if (target instanceof InertRecord) for (const item of items) target.items.push(item);
    else this.#reader.fail('values are added to something that holds none');
    this.#contain(target as object, items);
  }

  /** Adds key, value, key, value, ... to the dict or record on top of the stack. */
  addEntries(flat: readonly unknown[]): void {
    if (flat.length % 2 !== 0) this.#reader.fail('a key without a value');
    const target = this.peek();
    const entries = target instanceof InertRecord ? target.entries : target;
    if (!(entries instanceof Map)) this.#reader.fail('entries are added to something that is no dict');
    for (let i = 0; i < flat.length; i += 2) entries.set(flat[i], flat[i + 1]);
    this.#contain(target as object, flat);
  }

  pushPersistent(): void {
    this.push(this.#rules.persistent(this.pop(), this.#reader));
  }

  pushGlobal(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') this.#reader.fail('a class name that is no text');
    if (module.length + name.length > maxNameLength)
      this.#reader.fail(`a class name of ${module.length + name.length} letters`);
    this.push(new PickleGlobal(`${module}.${name}`));
  }

  /** What `callee(*args)` gives: never a call, but a value made from known names, or a record. */
  pushCall(callee: unknown, args: unknown, keywords: readonly unknown[] = []): void {
    if (!Array.isArray(args)) this.#reader.fail('arguments that are no tuple');
    this.charge(args.length); // a memo can pass one long tuple again and again
    const name = callee instanceof PickleGlobal ? callee.name : '(not a name)';
    const result =
      this.#pushDict(name, args) ??
      this.#rules.call(name, args, this.#reader) ??
      new InertRecord(name, [...args, ...keywords]);
    this.#contain(result as object, args);
    this.push(result);
  }

  /** `OrderedDict()`, or `OrderedDict([[key, value], ...])` as Python 2 wrote it; `defaultdict(factory)`. */
  #pushDict(name: string, args: readonly unknown[]): Map<unknown, unknown> | undefined {
    if (name === 'collections.defaultdict') return new Map();
    if (name !== 'collections.OrderedDict') return undefined;
    const pairs = args[0] ?? [];
    if (!Array.isArray(pairs)) this.#reader.fail('an OrderedDict that is not made of a list');
    this.charge(pairs.length);
    if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
      this.#reader.fail('an OrderedDict that is not made of pairs');
    return new Map(pairs as [unknown, unknown][]);
  }

  /** `object.__setstate__(state)`; dropped for all but records (an OrderedDict's attributes, a tensor's hooks). */
  build(state: unknown): void {
    const target = this.peek();
    if (!(target instanceof InertRecord)) return;
    target.state = state;
    this.#contain(target, [state]);
  }

  /** Keeps count of the levels in `parent`, so that whoever walks the result cannot run out of stack. */
  #contain(parent: object, children: readonly unknown[]): void {
    let levels = this.#levels.get(parent) ?? 0;
    for (const child of children)
      if (typeof child === 'object' && child !== null) levels = Math.max(levels, 1 + (this.#levels.get(child) ?? 0));
    if (levels > maxNesting) this.#reader.fail(`nested deeper than ${maxNesting} levels`);
    if (levels > 0) this.#levels.set(parent, levels);
  }
}

type Operation = (machine: Machine, reader: PickleReader) => void;

const stop = 0x2e;

/** By code, in the order of pickletools.py; names in comments are Python's. */
const operations: Readonly<Record<number, Operation>> = {
  74: (m, r) => m.push(r.int32()), // BININT
  75: (m, r) => m.push(r.uint8()), // BININT1
  77: (m, r) => m.push(r.uint16()), // BININT2
  138: (m, r) => m.push(r.integer(r.uint8())), // LONG1
  139: (m, r) => m.push(r.integer(r.uint32())), // LONG4
  84: (m, r) => m.push(r.text(r.uint32())), // BINSTRING, of Python 2
  85: (m, r) => m.push(r.text(r.uint8())), // SHORT_BINSTRING, of Python 2
  66: (m, r) => m.push(r.take(r.uint32())), // BINBYTES
  67: (m, r) => m.push(r.take(r.uint8())), // SHORT_BINBYTES
  142: (m, r) => m.push(r.take(r.uint64())), // BINBYTES8
  150: (m, r) => m.push(r.take(r.uint64())), // BYTEARRAY8
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  140: (m, r) => m.push(r.text(r.uint8())), // SHORT_BINUNICODE
  88: (m, r) => m.push(r.text(r.uint32())), // BINUNICODE
  141: (m, r) => m.push(r.text(r.uint64())), // BINUNICODE8
  71: (m, r) => m.push(r.float64()), // BINFLOAT
  93: (m) => m.push([]), // EMPTY_LIST
  97: (m) => m.addItems([m.pop()]), // APPEND
  101: (m) => m.addItems(m.popToMark()), // APPENDS
  108: (m) => m.pushTuple(m.popToMark()), // LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  116: (m) => m.pushTuple(m.popToMark()), // TUPLE
  133: (m) => m.pushTuple(popMany(m, 1)), // TUPLE1
  134: (m) => m.pushTuple(popMany(m, 2)), // TUPLE2
  135: (m) => m.pushTuple(popMany(m, 3)), // TUPLE3
  125: (m) => m.push(new Map()), // EMPTY_DICT
  100: (m) => pushFilled(m, new Map()), // DICT
  115: (m) => m.addEntries(popMany(m, 2)), // SETITEM
  117: (m) => m.addEntries(m.popToMark()), // SETITEMS
  143: (m) => m.push(new Set()), // EMPTY_SET
  144: (m) => m.addItems(m.popToMark()), // ADDITEMS
  145: (m) => pushFilled(m, new Set()), // FROZENSET
  48: (m) => m.popMarkOrValue(), // POP
  50: (m) => m.push(m.peek()), // DUP
  40: (m) => m.mark(), // MARK
  49: (m) => void m.popToMark(), // POP_MARK
  104: (m, r) => m.recall(r.uint8()), // BINGET
  106: (m, r) => m.recall(r.uint32()), // LONG_BINGET
  113: (m, r) => m.memoise(r.uint8()), // BINPUT
  114: (m, r) => m.memoise(r.uint32()), // LONG_BINPUT
  148: (m) => m.memoise(), // MEMOIZE
  99: (m, r) => m.pushGlobal(r.line(), r.line()), // GLOBAL
  147: (m) => m.pushGlobal(...(popMany(m, 2) as [unknown, unknown])), // STACK_GLOBAL
  82: (m) => m.pushCall(...(popMany(m, 2) as [unknown, unknown])), // REDUCE
  98: (m) => m.build(m.pop()), // BUILD
  129: (m) => m.pushCall(...(popMany(m, 2) as [unknown, unknown])), // NEWOBJ
  146: (m) => pushCallWithKeywords(m), // NEWOBJ_EX
  128: (_, r) => checkProtocol(r), // PROTO
  81: (m) => m.pushPersistent(), // BINPERSID
  149: (_, r) => void r.uint64(), // FRAME: only a hint for buffering
};

/** The top `count` values, the deepest first. */
function popMany(machine: Machine, count: number): unknown[] {
  return Array.from({ length: count }, () => machine.pop()).reverse();
}

function pushFilled(machine: Machine, container: Map<unknown, unknown> | Set<unknown>): void {
  const content = machine.popToMark();
  machine.push(container);
  if (container instanceof Map) machine.addEntries(content);
  else machine.addItems(content);
}

function pushCallWithKeywords(machine: Machine): void {
  const [callee, args, keywords] = popMany(machine, 3);
  machine.pushCall(callee, args, [keywords]);
}

function checkProtocol(reader: PickleReader): void {
  const protocol = reader.uint8();
  if (protocol < 2 || protocol > 5) reader.fail(`pickle protocol ${protocol}; 2 to 5 are read`);
}
