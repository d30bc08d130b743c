import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/**
 * Dependencies point one way: apps → adapters → runtime → domain; adapters do not import each other. Every other rule is
 * in .oxlintrc.json.
 */
const layers = [
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: ['layer:domain'] },
  { sourceTag: 'layer:runtime', onlyDependOnLibsWithTags: ['layer:domain'] },
  { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:domain', 'layer:runtime'] },
  { sourceTag: 'layer:testkit', onlyDependOnLibsWithTags: ['layer:domain'] },
  { sourceTag: 'layer:app', onlyDependOnLibsWithTags: ['layer:domain', 'layer:runtime', 'layer:adapter'] },
  {
    sourceTag: 'layer:demo',
    onlyDependOnLibsWithTags: ['layer:domain', 'layer:runtime', 'layer:adapter', 'layer:testkit'],
  },
  { sourceTag: 'layer:test', onlyDependOnLibsWithTags: ['*'] },
];

export default [
  { ignores: ['**/dist/**', '**/node_modules/**', '**/test/**', 'libs/testkit/**'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    // The comments that except a line from a rule of oxlint.
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    plugins: { '@nx': nx, '@typescript-eslint': tseslint.plugin },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: [], enforceBuildableLibDependency: false, depConstraints: layers },
      ],
    },
  },
];
