/** What is looked at without running anything: each one passes or fails. */
export const STATIC_CHECKS = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { name: 'types of scripts', args: ['node_modules/typescript/bin/tsc', '-p', 'scripts'] },
  { name: 'lint', args: ['node_modules/oxlint/bin/oxlint', '-c', 'oxlint.config.mjs', '--type-aware'] },
  { name: 'sizes', args: ['scripts/sizes.mjs'] },
  { name: 'format', args: ['node_modules/oxfmt/bin/oxfmt', '--check'] },
];
