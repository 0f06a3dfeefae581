import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { DatasetError } from '../../../errors.js';
import { readText } from '../../../formats/text.js';

/**
 * The root of an XML file as an object of tags and attributes; undefined where the file is no XML at all.
 *
 * @param lists names of the tags that may repeat
 * @throws DatasetError with line and column where it is not well-formed
 */
export function readXml(path: string, lists: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  const text = readText(path);
  if (!text.trimStart().startsWith('<')) return undefined;
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    const { msg, line, col } = verdict.err;
    throw new DatasetError(path, [{ at: `line ${line}, column ${col}`, message: `not well-formed XML: ${msg}` }]);
  }
  const parser = new XMLParser({
    isArray: (name) => lists.includes(name),
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    trimValues: true,
  });
  try {
    return parser.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new DatasetError(path, [{ at: 'xml', message: error instanceof Error ? error.message : String(error) }]);
  }
}
