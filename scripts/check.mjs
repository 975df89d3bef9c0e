// `npm run check`: types, lint, format, style and unit tests, in under two minutes.
import { STATIC_CHECKS } from './lib/checks.mjs';
import { runNode, runScript } from './lib/command.mjs';
import { generateSources } from './lib/generated.mjs';
import { ensureDependencies } from './lib/install.mjs';
import { ensureDefaultModel } from './model.mjs';

const PARTS = [
  ...STATIC_CHECKS,
  { name: 'style and unit tests', args: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'] },
];

await runScript(async (signal) => {
  await ensureDependencies(signal);
  await generateSources(signal);
  // Tests of the tokenizer read the vocabulary of the real model.
  await ensureDefaultModel(signal);
  const lines = [];
  let failed = 0;
  for (const { name, args } of PARTS) {
    const started = performance.now();
    const { code } = await runNode(args, { signal });
    if (code !== 0) failed++;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    lines.push(`${code === 0 ? 'ok    ' : 'FAILED'} ${seconds.padStart(6)} s  ${name}`);
  }
  console.log(`\n${lines.join('\n')}`);
  return failed === 0 ? 0 : 1;
});
