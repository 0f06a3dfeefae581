/** Writes docs/api.md: `npm run docs:api`. A test fails where a name is missing from it. */
import { writeFile } from 'node:fs/promises';
import { apiItems, apiReference } from './apiReference.js';

await writeFile('docs/api.md', apiReference(apiItems()));
