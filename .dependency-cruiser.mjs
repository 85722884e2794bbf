/**
 * Which file may import which: no circles, neither between files nor between folders. Type imports count: a circle of
 * types is two files that cannot be read one after the other.
 */
const TESTS = String.raw`\.(spec|fixture|e2e)\.ts$`;

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Move what both need into a file that imports neither, or pass it in.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circles-of-folders',
      comment: 'A folder imports only folders below it.',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'dist'] },
    exclude: { path: [TESTS, '(^|/)dist/'] },
    includeOnly: { path: '^(apps|libs|e2e|bench)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['development', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js'],
    },
  },
};
