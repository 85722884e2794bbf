/**
 * Writes what the package holds beside its code: a JSON Schema for each event and the AsyncAPI document, made of the
 * built schemas. npm runs it before packing unless it is told to ignore scripts.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { asyncApiDocument, CHANNELS, eventJsonSchema, eventType } from '../dist/documents.js';

const folder = new URL('../generated/', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const write = (name, value) => writeFile(new URL(name, folder), `${JSON.stringify(value, null, 2)}\n`);

await rm(folder, { recursive: true, force: true });
await mkdir(new URL('schemas/', folder), { recursive: true });
await write('asyncapi.json', asyncApiDocument(version));
for (const event of CHANNELS.flatMap(({ events }) => [...events]))
  await write(`schemas/${eventType(event)}.json`, eventJsonSchema(event));
