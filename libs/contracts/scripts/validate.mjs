/**
 * Validates an AsyncAPI document (argument: its path; default: the generated one) against the JSON Schema of its
 * AsyncAPI version. Exits with 1 and names each fault.
 */
import { readFile } from 'node:fs/promises';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const path = process.argv[2] ?? new URL('../generated/asyncapi.json', import.meta.url);
const document = JSON.parse(await readFile(path, 'utf8'));
// The schema of AsyncAPI contains its own copy of draft 7, which must not be loaded twice.
const ajv = new Ajv({ meta: false, validateSchema: false, strict: false, allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(specs.schemas[document.asyncapi]);
if (!validate(document)) {
  for (const { instancePath, message } of validate.errors) console.error(`${instancePath}: ${message}`);
  process.exitCode = 1;
}
