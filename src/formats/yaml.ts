import {
  CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
} from 'yaml';
import type { Problem } from '../errors.js';

/** What is in a YAML file. */
export interface Yaml {
  /** Plain data in which nothing is shared: an alias is a copy of what its anchor marks, so that changing one changes one. */
  readonly value: unknown;
  /** The line of the key at `path`, or of the last one on the way to it that is there; undefined where none is. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Far more than anyone writes. The parser takes time by the square of it, and recurses, as does what comes after. */
const deepest = 64;
const tooDeep = { at: 'nesting', message: `more than ${deepest} levels` };

/** Reads YAML 1.2. What is wrong with it comes back as problems, with their lines. */
export function readYaml(text: string): Yaml | { readonly problems: readonly Problem[] } {
  if (nestsTooDeep(text)) return { problems: [tooDeep] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    return { problems: document.errors.map(({ pos, message }) => ({ at: `line ${lineAt(pos[0])}`, message })) };
  }
  try {
    const value = withoutSharing(document.toJS(), []);
    const lineOf = (path: readonly PropertyKey[]) => {
      const offset = offsetOf(path, document);
      return offset === undefined ? undefined : lineAt(offset);
    };
    return { value, lineOf };
  } catch (error) {
    if (error instanceof RangeError) return { problems: [tooDeep] };
    // Aliases of aliases that would unfold to more than memory holds, or that contain themselves.
    return { problems: [{ at: 'aliases', message: (error as Error).message }] };
  }
}

/** Whether brackets, or the dashes and question marks of one line, are nested too deep. Indentation alone would take very much text. */
function nestsTooDeep(text: string): boolean {
  let brackets = 0;
  let inLine = 0;
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    if (type === 'flow-seq-start' || type === 'flow-map-start') brackets++;
    else if (type === 'flow-seq-end' || type === 'flow-map-end') brackets--;
    else if (type === 'newline') inLine = 0;
    else if (type === 'seq-item-ind' || type === 'explicit-key-ind') inLine++;
    if (brackets > deepest || inLine > deepest) return true;
  }
  return false;
}

function withoutSharing(value: unknown, above: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (above.includes(value)) throw new Error('an alias stands inside of what it repeats');
  if (above.length >= deepest) throw new RangeError();
  const here = [...above, value];
  if (Array.isArray(value)) return value.map((item) => withoutSharing(item, here));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSharing(item, here)]));
}

/** Where the key at `path` is in the text, or the last one on the way to it that is there. */
function offsetOf(path: readonly PropertyKey[], document: Document): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (!pair) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      offset = (isScalar(node) || isCollection(node) ? node.range?.[0] : undefined) ?? offset;
    }
  }
  return offset;
}
