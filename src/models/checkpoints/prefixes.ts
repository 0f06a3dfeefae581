/** The words that training programs put before the names of a network: `module.`, `_orig_mod.`, `model.`, `backbone.`, `encoder.` */
import type { NamedArray } from '../../formats/namedArray.js';
import { withoutBackbone } from './conversion.js';
import { isResnetName, isTorchvisionName } from './torchvisionCheckpoint.js';

const words = /^(?:(?:module|_orig_mod|model|backbone|encoder)\.)+/;

/**
 * The tensors without the words that the most telling names of a backbone have before them. What lies beside the backbone loses those
 * of them that it shares: of `model.backbone.layer1...` and `model.head.fc.weight`, the second becomes `head.fc.weight`.
 *
 * A last `backbone.` stays, as our own names have it. A name that would take another's place stays as it is.
 */
export function withoutPrefixes(tensors: ReadonlyMap<string, NamedArray>): ReadonlyMap<string, NamedArray> {
  const prefix = withoutLastBackbone(commonest([...tensors.keys()].flatMap(prefixOf)));
  if (prefix === '') return tensors;
  const shorter = new Map<string, NamedArray>();
  for (const [name, array] of tensors) {
    const short = withoutShared(name, prefix);
    shorter.set(short !== name && (tensors.has(short) || shorter.has(short)) ? name : short, array);
  }
  return shorter;
}

/** Whether a name is one that a backbone which we know has. */
export function isBackboneName(name: string): boolean {
  const bare = withoutBackbone(name);
  return (
    isTorchvisionName(bare) || isResnetName(bare) || /^(stem|stages|patch_embed_|relative_pos_|blocks_)/.test(bare)
  );
}

/** The words before a name of a backbone; nothing where it is no such name. */
function prefixOf(name: string): string[] {
  const prefix = words.exec(name)?.[0] ?? '';
  return isBackboneName(name.slice(prefix.length)) ? [prefix] : [];
}

/** The first of those that are most frequent. */
function commonest(prefixes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const prefix of prefixes) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0] as [string, number])[0];
}

const withoutLastBackbone = (prefix: string): string => prefix.replace(/(^|\.)backbone\.$/, '$1');

function withoutShared(name: string, prefix: string): string {
  let rest = name;
  for (const word of prefix.match(/\w+\./g) ?? []) {
    if (!rest.startsWith(word)) break;
    rest = rest.slice(word.length);
  }
  return rest;
}
