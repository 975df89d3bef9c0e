import { layerOverrides } from './scripts/lib/layers.mjs';

export default {
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'vitest'],
  categories: { correctness: 'error' },
  options: { denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['dist/**', 'artifacts/**', 'models/**', 'test/fixtures/**', '**/*.generated.ts'],
  rules: {
    eqeqeq: 'error',
    'max-lines': ['error', { max: 400 }],
    'max-lines-per-function': ['error', { max: 70 }],
    'no-empty': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'unicorn/no-new-array': 'off',
    // A copy made on purpose, because the loop's body changes the collection, looks useless to it.
    'unicorn/no-useless-spread': 'off',
    // A suite that runs on several devices keeps its assertions in helpers; a message is expect's second argument.
    'vitest/expect-expect': 'off',
    'vitest/no-standalone-expect': 'off',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'no-control-regex': 'off',
    // Tests over many seeded inputs branch on what kind of input they drew.
    'vitest/no-conditional-expect': 'off',
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
  },
  overrides: [
    { files: ['*.config.ts', '*.config.mjs'], rules: { 'import/no-default-export': 'off' } },
    {
      // A suite is one function for the linter; its reader sees many small ones.
      files: ['**/*.test.ts', '**/*.test.mjs', 'e2e/**'],
      rules: { 'max-lines-per-function': 'off' },
    },
    // Lit binds the handlers of a template to its element.
    { files: ['src/page/**', 'src/element/**'], rules: { 'typescript/unbound-method': 'off' } },
    ...layerOverrides(),
  ],
};
