import { expect, it } from 'vitest';
import { useCommand } from './testing/run-command';

const { run } = useCommand();
const UPSTREAM = ['--upstream', 'http://127.0.0.1:9'];

it.each<[readonly string[], Readonly<Record<string, string>>, RegExp]>([
  [['serve'], { FORGELIGHT_ORIGINS: 'a.example' }, /FORGELIGHT_ORIGINS: "a\.example" is no origin\. Write https:/],
  [
    ['serve', ...UPSTREAM],
    { FORGELIGHT_UPSTREAM_KEY: 'two words' },
    /FORGELIGHT_UPSTREAM_KEY .* Set it to the key alone/,
  ],
  [
    ['doctor', ...UPSTREAM],
    { FORGELIGHT_UPSTREAM_KEY: 'two words' },
    /FORGELIGHT_UPSTREAM_KEY .* Set it to the key alone/,
  ],
  [
    ['run', 'm', 'Hi', ...UPSTREAM],
    { FORGELIGHT_UPSTREAM_KEY: 'ключ' },
    /FORGELIGHT_UPSTREAM_KEY .* Set it to the key alone/,
  ],
  [
    ['serve', ...UPSTREAM],
    { FORGELIGHT_TIMEOUT_STALL_MS: 'abc' },
    /FORGELIGHT_TIMEOUT_STALL_MS must be a whole number/,
  ],
  [['serve'], { FORGELIGHT_TIMEOUT_STAL_MS: '9' }, /FORGELIGHT_TIMEOUT_STAL_MS is not a known variable: did you mean/],
  [['serve'], { FORGELIGHT_PORT: 'abc' }, /FORGELIGHT_PORT must be a number/],
  [['serve'], { FORGELIGHT_UPSTREAM: 'here' }, /The upstream's address is no address/],
])('%j with %j ends with 2, as a command line that means nothing does', async (args, env, words) => {
  const { code, out, err } = await run(args, { env });
  expect([code, out, err]).toEqual([2, '', expect.stringMatching(words)]);
  expect(err).not.toContain('two words');
  const { code: again, err: json } = await run([...args, '--json'], { env });
  expect([again, JSON.parse(json)]).toMatchObject([2, { error: { code: 'invalid-request' } }]);
});
