import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.js';
import { InertRecord, PickleGlobal, type PickleRules, unpickle } from '../../../src/formats/torch/pickle.js';
import { checkpointError } from '../../support/checkpointError.js';
import { Python, pickle } from '../../support/torchBytes.js';

const noRules: PickleRules = { persistent: (id) => ({ id }), call: () => undefined };

const load = (bytes: Uint8Array, rules = noRules) => unpickle('test', new Uint8Array(bytes), 0, rules).value;

/** From the text that Python's `pickle.dumps(value, protocol)` prints: ASCII, and \\x escapes. */
const python = (dump: string) => Buffer.from(dump, 'latin1');

type Operations = number | string | Uint8Array;

/** Operations with the protocol before and STOP behind. */
const program = (...operations: Operations[]) =>
  Buffer.concat([Buffer.of(0x80, 2), ...operations.map(toBytes), Buffer.of(0x2e)]);

const toBytes = (part: Operations) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part));

const repeat = (count: number, ...operations: Operations[]) =>
  Buffer.alloc(count * Buffer.concat(operations.map(toBytes)).length, Buffer.concat(operations.map(toBytes)));

describe('unpickle: what Python wrote', () => {
  it('protocol 2: {"a": [1, -2, 300, 70000, 2**40, 2**70], "b": (None, True, 1.5), "c": u"é"}', () => {
    const dump =
      '\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01' +
      '\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00@eX\x01\x00\x00\x00bq\x03N\x88G?\xf8\x00\x00\x00\x00\x00\x00\x87q\x04' +
      'X\x01\x00\x00\x00cq\x05X\x02\x00\x00\x00\xc3\xa9q\x06u.';
    expect(load(python(dump))).toEqual(
      new Map<string, unknown>([
        ['a', [1, -2, 300, 70000, 2 ** 40, 2n ** 70n]],
        ['b', [null, true, 1.5]],
        ['c', 'é'],
      ]),
    );
  });

  it('protocol 4: {"s": {1, 2}, "f": frozenset([3]), "b": b"xy", "t": (1, 2, 3, 4)} with frames and MEMOIZE', () => {
    const dump =
      '\x80\x04\x952\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01s\x94\x8f\x94(K\x01K\x02\x90\x8c\x01f\x94(K\x03\x91\x94' +
      '\x8c\x01b\x94C\x02xy\x94\x8c\x01t\x94(K\x01K\x02K\x03K\x04t\x94u.';
    expect(load(python(dump))).toEqual(
      new Map<string, unknown>([
        ['s', new Set([1, 2])],
        ['f', new Set([3])],
        ['b', new Uint8Array(Buffer.from('xy'))],
        ['t', [1, 2, 3, 4]],
      ]),
    );
  });

  it('protocol 5: bytearray(b"abc")', () => {
    expect(
      load(python('\x80\x05\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x96\x03\x00\x00\x00\x00\x00\x00\x00abc\x94.')),
    ).toEqual(new Uint8Array(Buffer.from('abc')));
  });

  it('one list twice: the same array', () => {
    const [first, second] = load(python('\x80\x02]q\x00h\x00\x86q\x01.')) as unknown[];
    expect(first).toBe(second);
  });

  it('an OrderedDict of Python 2, built from pairs', () => {
    const pairs = [['a', 1], ['b', 2]]; // biome-ignore format: as Python shows it
    expect(load(pickle(new Python('collections', 'OrderedDict', [pairs])))).toEqual(
      new Map(pairs as [string, number][]),
    );
  });
});

describe('unpickle: nothing runs', () => {
  it('os.system("touch /tmp/x") is a record of its name and arguments', () => {
    const value = load(pickle(new Python('os', 'system', ['touch /tmp/x']))) as InertRecord;
    expect(value).toBeInstanceOf(InertRecord);
    expect(value).toMatchObject({ className: 'os.system', args: ['touch /tmp/x'] });
  });

  it('argparse.Namespace(lr=0.1) keeps its state', () => {
    const state = new Map<string, unknown>([['lr', 0.1]]);
    const value = load(pickle(new Python('argparse', 'Namespace', [], state))) as InertRecord;
    expect([value.className, value.state]).toEqual(['argparse.Namespace', state]);
  });

  it('a class by itself is a name', () => {
    expect(load(pickle(new Python('builtins', 'eval')))).toEqual(new PickleGlobal('builtins.eval'));
  });

  it('items and entries that are added to a record stay with it', () => {
    const call = ['cdeque_of\nMine\n', ')', 0x81];
    const value = load(program(...call, 'K', 1, 'a', 'K', 2, 'K', 3, 's')) as InertRecord;
    expect([value.items, value.entries]).toEqual([[1], new Map([[2, 3]])]);
  });

  it('names like constructor and __proto__ touch no prototype', () => {
    const value = load(pickle(new Map([['__proto__', new Map([['polluted', true]])]]))) as Map<string, unknown>;
    expect(value.has('__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('unpickle refuses', () => {
  const memo = [0x71, 0]; // BINPUT 0
  const recall = [0x68, 0]; // BINGET 0
  it.each<[string, Uint8Array, string]>([
    ['protocol 0', Buffer.from('(lp0\n.'), 'unknown operation 0x70'],
    ['protocol 6', Uint8Array.of(0x80, 6, 0x2e), 'pickle protocol 6; 2 to 5 are read'],
    ['an unknown operation', program(0xff), 'unknown operation 0xff'],
    ['an extension code', program(0x82, 1), 'unknown operation 0x82'],
    ['the end without STOP', Uint8Array.of(0x80, 2), 'expected 1 more bytes, found 0'],
    [
      'text of 4 GiB in a file of 8 bytes',
      program('X', 0xff, 0xff, 0xff, 0xff),
      'expected 4294967295 more bytes, found 1',
    ],
    ['bytes of 2^63', program(0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80), 'more bytes, found 1'],
    ['an integer of 2^31 bytes', program(0x8b, 0, 0, 0, 0x80), 'an integer of 2147483648 bytes'],
    ['an empty stack', program(), 'the stack is empty'],
    ['a value from below the mark', program('N', '(', 'a'), 'the stack is empty'],
    ['no mark', program('t'), 'no mark is set'],
    ['a memo that is not set', program('h', 3), 'memo 3 is not set'],
    ['a key without a value', program('}', '(', 'N', 'u'), 'a key without a value'],
    ['entries of a list', program(']', 'N', 'N', 's'), 'entries are added to something that is no dict'],
    ['items of a number', program('K', 1, 'N', 'a'), 'values are added to something that holds none'],
    ['arguments that are no tuple', program('cm\nC\n', 'N', 'R'), 'arguments that are no tuple'],
    ['an OrderedDict of numbers', program('ccollections\nOrderedDict\n', 'K', 1, 0x85, 'R'), 'not made of a list'],
    ['an endless class name', program(`c${'m'.repeat(5000)}`), 'a name without an end'],
    ['600 marks', program(repeat(600, 0x28)), 'nested deeper than 500 levels'],
    ['600 nested lists', program(repeat(600, 0x5d), repeat(599, 0x61)), 'nested deeper than 500 levels'],
    ['100,000 nested tuples', program('N', repeat(100_000, 0x85)), 'nested deeper than 500 levels'],
    [
      '600 nested records',
      program('N', repeat(600, 0x85, 0x71, 0, 0x30, 0x63, 0x61, 0x0a, 0x62, 0x0a, 0x68, 0, 0x52)),
      'nested deeper',
    ],
    ['3,000,000 empty lists', program(repeat(3_000_000, 0x5d)), 'more than 2000000 operations'],
    [
      'one long tuple passed to 1,000 calls',
      program('(', repeat(10_000, 0x4e), 't', ...memo, repeat(1000, 0x63, 0x61, 0x0a, 0x62, 0x0a, ...recall, 0x52)),
      'more than 2000000 operations',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => load(bytes)).toThrow(checkpointError(message));
  });

  it('a memo bomb costs nothing: 60 lists, each twice in the next, are 60 lists', () => {
    // ] q0  then  ( h0 h0 l → memo, over and over: 2^60 leaves for whoever would write it out.
    const value = load(program(0x5d, ...memo, repeat(60, 0x30, 0x28, ...recall, ...recall, 0x6c, ...memo)));
    let depth = 0;
    for (let at = value; Array.isArray(at) && at.length > 0; at = at[0]) depth++;
    expect(depth).toBe(60);
  });

  it('a pickle that is cut anywhere', () => {
    const whole = pickle(new Map([['a', [1, 2.5, 'text', new Python('x', 'Y', [2 ** 40])]]]));
    for (let length = 0; length < whole.length; length++)
      expect(() => load(whole.subarray(0, length)), `${length} bytes`).toThrow(CheckpointError);
  });
});
