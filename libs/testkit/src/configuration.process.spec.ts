import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Schema {
  shape: Record<string, { description?: string }>;
}
interface Configuration {
  PAGE: string;
  SERVICES: string[];
  configurationPage(schemas: Record<string, Schema>): Promise<string>;
}

const ROOT = resolve(import.meta.dirname, '../../..');
const load = (path: string): Promise<unknown> => import(pathToFileURL(join(ROOT, path)).href);
const { PAGE, SERVICES, configurationPage } = (await load('scripts/configuration.mjs')) as Configuration;

const schemas: Record<string, Schema> = {};
// One after the other: Jest loses a module that two imports at once are the first to need.
for (const service of SERVICES) {
  const { environmentSchema } = (await load(`apps/${service}/src/config.ts`)) as { environmentSchema: Schema };
  schemas[service] = environmentSchema;
}

describe('docs/configuration.md', () => {
  it('is what the schemas say; otherwise run: npm run docs:configuration', async () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(await configurationPage(schemas));
  });

  it.each(SERVICES)('has a meaning for every variable of %s', (service) => {
    const without = Object.entries(schemas[service]!.shape).filter(([, field]) => !field.description);
    expect(without.map(([name]) => name)).toEqual([]);
  });

  it('shows type, range, default and whether a variable is required', async () => {
    const page = (await configurationPage(schemas)).replaceAll(/ +/g, ' ');
    expect(page).toContain('| `MAX_CALLS` | whole number, 1 to 100000 | `5000` | | Calls at the same time;');
    expect(page).toContain('| `LOG_LEVEL` | `fatal`, `error`, `warn`, `info`, `debug`, `trace`, `silent` | `info` | |');
    expect(page).toContain('| `BRIDGE_ID` | text | | yes |');
    expect(page).toContain('| `RECORD_CALLS` | `true`, `false` | `false` | |');
  });
});
