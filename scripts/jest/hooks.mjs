/**
 * Lets Node import the TypeScript sources of the workspace, and gives `@jest/globals` the functions of the test file
 * that runs.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { swcOptions } from '../swc-options.mjs';

const GLOBALS = new URL('./globals.mjs', import.meta.url).href;

export function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: GLOBALS, shortCircuit: true };
  const isSource = context.parentURL?.endsWith('.ts');
  const name = isSource && /^\.{1,2}\//.test(specifier) ? specifier.replace(/\.js$/, '.ts') : specifier;
  return next(name, { ...context, conditions: ['development', ...context.conditions] });
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...swcOptions, filename });
  return { format: 'module', source: code, shortCircuit: true };
}
