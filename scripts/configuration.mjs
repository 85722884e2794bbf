/**
 * docs/configuration.md, from the zod schemas of the services' environments: `npm run docs:configuration` writes it. A
 * variable's meaning is its description in `apps/<app>/src/config.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const PAGE = join(ROOT, 'docs/configuration.md');
export const SERVICES = ['trunk-service', 'routing-service', 'bridge-agent', 'billing-observer'];

// A tilde stands for a backtick, which a template would have to escape.
const HEAD = `# Configuration

<!-- Generated from apps/*/src/config.ts by "npm run docs:configuration". Change it there. -->

A service reads its environment once, at the start. It stops at once when a variable is missing or wrong, and names the
variable and what it should be, never the value. A variable that is set to nothing counts as not set.

Every service also reads the standard variables of OpenTelemetry, among them ~OTEL_EXPORTER_OTLP_ENDPOINT~ (switches on
the export of traces and metrics by OTLP), ~OTEL_RESOURCE_ATTRIBUTES~, ~OTEL_SERVICE_NAME~, ~OTEL_TRACES_SAMPLER~,
~OTEL_PROPAGATORS~ and ~OTEL_SDK_DISABLED~. ~docker-compose.yml~ takes its values from ~.env~; ~.env.example~ lists
them. Settings of organisations and phone numbers are in [connecting an assistant](guides/assistant.md).
`.replaceAll('~', '`');

/** @param {Record<string, z.ZodObject>} schemas by the service's name */
export async function configurationPage(schemas) {
  const sections = Object.entries(schemas).map(([service, { shape }]) => {
    const rows = Object.entries(shape).map(
      ([name, field]) =>
        `| ${[`\`${name}\``, typeOf(field), defaultOf(field), isRequired(field) ? 'yes' : '', field.description]
          .map((cell) => (cell ?? '').replaceAll('|', '\\|'))
          .join(' | ')} |`,
    );
    const head = '| variable | type | default | required | meaning |\n| --- | --- | --- | --- | --- |';
    return `## ${service}\n\n${head}\n${rows.join('\n')}\n`;
  });
  const settings = JSON.parse(readFileSync(join(ROOT, '.prettierrc.json'), 'utf8'));
  return format([HEAD, ...sections].join('\n'), { ...settings, parser: 'markdown' });
}

const isRequired = (field) => !field.safeParse(undefined).success;

const described = (field, io) => z.toJSONSchema(field, { io, unrepresentable: 'any' });

function defaultOf(field) {
  const standard = described(field, 'input').default;
  return standard === undefined ? '' : standard === '' ? 'empty' : `\`${standard}\``;
}

/** What is written into the environment; a number's range is in what the schema makes of it. */
function typeOf(field) {
  const input = described(field, 'input');
  if (input.enum !== undefined) return input.enum.map((value) => `\`${value}\``).join(', ');
  const { type, minimum, maximum } = input.type === undefined ? described(field, 'output') : input;
  if (type === 'integer') return `whole number, ${minimum} to ${maximum}`;
  return input.format === 'uri' ? 'URL' : 'text';
}

/** The schemas as they are built; a test passes those of the sources. */
async function builtSchemas() {
  const entries = SERVICES.map(async (service) => {
    const module = await import(join(ROOT, 'apps', service, 'dist/config.js'));
    return [service, module.environmentSchema];
  });
  return Object.fromEntries(await Promise.all(entries));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(PAGE, await configurationPage(await builtSchemas()));
