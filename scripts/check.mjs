// `npm run check`: types, lint, format, sizes, style and unit tests, in about two minutes. What is looked at without running it is looked at
// beside the tests, which leave a core idle now and then, and is shown when they are done.
import { totalLine } from './lib/check-time.mjs';
import { STATIC_CHECKS } from './lib/checks.mjs';
import { readNoOptions, runNode, runScript } from './lib/command.mjs';
import { generateSources } from './lib/generated.mjs';
import { ensureDependencies } from './lib/install.mjs';
import { ensureDefaultModel } from './model.mjs';

const TESTS = { name: 'style and unit tests', args: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit'] };

/**
 * @param {{ name: string, args: readonly string[] }} part
 * @param {import('./lib/command.mjs').RunOptions} options
 */
async function timed({ name, args }, options) {
  const started = performance.now();
  const { code, output } = await runNode(args, options);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return { code, output, line: `${code === 0 ? 'ok    ' : 'FAILED'} ${seconds.padStart(6)} s  ${name}` };
}

/** @param {AbortSignal} signal */
async function staticChecks(signal) {
  const results = [];
  for (const part of STATIC_CHECKS) results.push(await timed(part, { signal, quiet: true }));
  return results;
}

await runScript(async (signal) => {
  readNoOptions('It takes no options; one part alone: npm test -- unit');
  await ensureDependencies(signal);
  // Tests of the tokenizer read the vocabulary of the real model.
  await ensureDefaultModel(signal);
  const started = performance.now();
  await generateSources(signal);
  const [looked, tested] = await Promise.all([staticChecks(signal), timed(TESTS, { signal })]);
  for (const { output } of looked) if (output !== '') console.log(output.trimEnd());
  const results = [...looked, tested];
  const seconds = (performance.now() - started) / 1000;
  console.log(`\n${results.map(({ line }) => line).join('\n')}\n${totalLine(seconds)}`);
  return results.every(({ code }) => code === 0) ? 0 : 1;
});
