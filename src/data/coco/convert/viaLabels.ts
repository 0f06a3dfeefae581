/** What the attributes of a region say of its class, in any version of VIA. */
import { isObject } from './readJson.js';

export type Attributes = Readonly<Record<string, unknown>>;

/** Attributes that people keep the class in, the likeliest first. */
const labelKeys = ['label', 'class', 'name', 'category', 'type', 'object'];

/** The class of regions that have no attributes: the one that the project is about, where none of its regions has any; else unknown. */
export function classWithout(attributesOfAll: Iterable<unknown>): string | undefined {
  for (const attributes of attributesOfAll)
    if (isObject(attributes) && Object.keys(attributes).length > 0) return undefined;
  return 'object';
}

/**
 * The class of a region: its only attribute, or the one that is called as a class is.
 *
 * @param without the class of regions that have no attributes
 */
export function labelOf(attributes: unknown, without: string | undefined): unknown {
  const keys = isObject(attributes) ? Object.keys(attributes) : [];
  if (!isObject(attributes) || keys.length === 0) return without;
  const key = keys.length === 1 ? keys[0] : labelKeys.find((known) => keys.some((one) => one.toLowerCase() === known));
  const value = attributes[keys.find((one) => one === key || one.toLowerCase() === key) ?? ''];
  if (!isObject(value)) return value;
  const ticked = Object.keys(value).filter((choice) => value[choice] === true); // check boxes
  return ticked.length === 1 ? ticked[0] : undefined;
}
