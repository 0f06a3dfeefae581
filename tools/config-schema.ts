/**
 * Writes what follows from the config's schema: configs/schema/config.schema.json for editors, docs/configuration.md for
 * readers. `npm run config-schema`; a test fails where they are behind.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { configJsonSchema } from '../src/config/jsonSchema.js';
import { configReference } from './configReference.js';

await mkdir('configs/schema', { recursive: true });
await mkdir('docs', { recursive: true });
await writeFile('configs/schema/config.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
await writeFile('docs/configuration.md', configReference(configJsonSchema()));
