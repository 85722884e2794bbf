/**
 * Builds the clients of the API, apps/cli and apps/dashboard: the types of the API from its own description, the
 * command line with TypeScript, the pages with Vite. `--check` also checks the types of the pages. Needs a built
 * trunk-service (`tsc -b`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import openapiTS, { astToString } from 'openapi-typescript';
import { build } from 'vite';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const DASHBOARD = join(ROOT, 'apps/dashboard');
const COMMAND_LINE = join(ROOT, 'apps/cli');

await generateTypes();
compile('-b', COMMAND_LINE);
if (process.argv.includes('--check')) compile('-p', DASHBOARD);
await build({
  root: DASHBOARD,
  base: '/app/',
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  // The service puts a new nonce in its place with every answer.
  html: { cspNonce: '__NONCE__' },
  plugins: [englishOnly()],
  build: {
    rolldownOptions: { checks: { moduleLevelDirective: false } },
    outDir: 'dist',
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});

/** Nest in preview reads the controllers and starts nothing, so neither a database nor NATS is needed. */
async function generateTypes() {
  const service = (file) => import(join(ROOT, 'apps/trunk-service/dist', file));
  const { AppModule } = await service('app.module.js');
  const { openApiDocument } = await service('http/open-api.http.js');
  const { ServiceModule } = await import(join(ROOT, 'libs/runtime/dist/service.module.js'));
  const root = ServiceModule.of(AppModule, { config: {}, logger: {} });
  const app = await NestFactory.create(root, { preview: true, logger: false, abortOnError: false });
  const document = openApiDocument(app);
  const text = astToString(await openapiTS(document, { defaultNonNullable: false }));
  for (const client of [COMMAND_LINE, DASHBOARD]) {
    const path = join(client, 'src/generated/api.ts');
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

function compile(mode, project) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, mode, project], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** The component library brings its texts in thirty languages; the dashboard is in English. */
function englishOnly() {
  return {
    name: 'english-only',
    enforce: 'pre',
    load(id) {
      const [, language] =
        /[\\/](?:react-aria|react-stately)[^?]*[\\/]intl[\\/].*?([a-z]{2}-[A-Z]{2})\.m?js/.exec(id) ?? [];
      return language === undefined || language === 'en-US' ? undefined : 'export default {};';
    },
  };
}
