/** Writes docs/api.md, and the tables of exports in docs/library.md: `npm run docs:api`. A test fails where a name is missing from them. */
import { readFile, writeFile } from 'node:fs/promises';
import { apiItems, apiReference, withExportTables } from './apiReference.js';

const library = 'docs/library.md';
const items = apiItems();
await writeFile('docs/api.md', apiReference(items));
await writeFile(library, withExportTables(await readFile(library, 'utf8'), items));
