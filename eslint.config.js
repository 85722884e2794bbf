import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import stylistic from '@stylistic/eslint-plugin';
import tseslint from 'typescript-eslint';

/**
 * A file without a dot in its name is pure: no framework, no client, no `node:*`; time and randomness are arguments.
 */
const PURE = ['**/src/**/!(*.*).ts'];
const PURE_CRYPTO = [
  'createCipheriv',
  'createDecipheriv',
  'createHash',
  'createHmac',
  'createSecretKey',
  'timingSafeEqual',
  'KeyObject',
];
/**
 * What a dot in a file's name may say. A new word for one file is a word that everybody has to learn: take one of
 * these, or leave the dot out where the file touches nothing.
 */
const NEST = ['controller', 'module', 'service', 'guard', 'pipe', 'filter'];
const WORLD = ['pg', 'nats', 'http', 'fs', 'net', 'process', 'otel'];
const TESTS = ['spec', 'e2e', 'bench', 'fixture'];
const SUFFIXES = [...NEST, ...WORLD, ...TESTS, 'migration'].join(',');
const NOT_PURE = ['**/src/**/main.ts', '**/src/**/*.*.ts', 'e2e/**', 'bench/**'];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.local/**', '.nx/**', 'coverage/**', '**/generated/**'] },
  js.configs.recommended,
  {
    // Prettier breaks code; comments, texts and regular expressions are for people to break.
    plugins: { '@stylistic': stylistic },
    rules: { '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true, ignoreRegExpLiterals: true }] },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    rules: {
      'max-lines': ['error', { max: 250 }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 10],
      'max-params': ['error', 4],
      'max-depth': ['error', 3],
      // Names that only their comment would explain: a limit says of what, a type says what it is.
      'id-denylist': ['error', 'AT_ONCE', 'BATCH', 'CHUNK', 'MOST', 'World', 'Next', 'Told', 'Whose', 'What', 'Where'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          depConstraints: [
            {
              sourceTag: 'type:contracts',
              onlyDependOnLibsWithTags: [],
              bannedExternalImports: ['@nestjs/*', '@nats-io/*', 'typeorm', 'pg', 'pino', '@opentelemetry/*'],
            },
            { sourceTag: 'type:pure', onlyDependOnLibsWithTags: ['type:contracts', 'type:testkit'] },
            { sourceTag: 'type:testkit', onlyDependOnLibsWithTags: ['type:contracts', 'type:testkit'] },
            {
              sourceTag: 'type:lib',
              onlyDependOnLibsWithTags: ['type:contracts', 'type:pure', 'type:lib', 'type:testkit'],
            },
            {
              sourceTag: 'type:app',
              onlyDependOnLibsWithTags: ['type:contracts', 'type:pure', 'type:lib', 'type:testkit'],
            },
            {
              sourceTag: 'type:test',
              onlyDependOnLibsWithTags: ['type:contracts', 'type:pure', 'type:lib', 'type:testkit'],
            },
          ],
        },
      ],
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  },
  {
    files: ['**/*.*.ts'],
    ignores: [`**/!(*.*).{${SUFFIXES}}.ts`, `**/!(*.*).{${SUFFIXES}}.spec.ts`],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'Program', message: `A file name ends in .ts or in one of .{${SUFFIXES}}.ts; a spec adds .spec.` },
      ],
    },
  },
  {
    // Specs and whole-mesh tests read as long lists of cases; a decorator's metadata needs the value import.
    files: ['**/*.spec.ts', '**/*.e2e.ts', '**/migrations/**'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off', 'max-params': 'off' },
  },
  {
    files: [
      'apps/**/*.controller.ts',
      'apps/**/*.module.ts',
      'apps/**/*.service.ts',
      'apps/**/*.guard.ts',
      'apps/**/*.filter.ts',
      'apps/**/*.interceptor.ts',
    ],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: PURE,
    ignores: NOT_PURE,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          // Hashes and ciphers compute; what draws random bytes or keys is an adapter.
          paths: [{ name: 'node:crypto', allowImportNames: PURE_CRYPTO, message: 'Take randomness as an argument.' }],
          patterns: [
            {
              group: [
                'node:*',
                '!node:crypto',
                '@nestjs/*',
                '@nats-io/*',
                'typeorm',
                'pg',
                'pino',
                '@opentelemetry/*',
                'express',
                '@trunkmesh/runtime/*.*.js',
                '@trunkmesh/event-log/*.*.js',
              ],
              message: 'A file without a dot in its name is pure: move this into a dotted adapter.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time as an argument.' },
        { object: 'Math', property: 'random', message: 'Take randomness as an argument.' },
        { object: 'process', property: 'env', message: 'config.ts parses the environment that main.ts hands it.' },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'fetch', 'process'],
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    rules: { 'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }] },
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        fetch: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
);
