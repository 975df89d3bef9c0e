import { expect, it } from 'vitest';
import { useCommand } from './testing/run-command';

const { run } = useCommand();
const LOAD = ['context-length', 'kv-cache-type', 'precision'];
const ANSWERER = ['device', 'upstream', ...LOAD];

/** What people and scripts hold on to: names that go or change are a break for them. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  pull: ['sha256', 'mirror'],
  list: [],
  rm: [],
  serve: ['host', 'port', 'model', ...ANSWERER, 'verbose', 'allow-network'],
  pair: ['list', 'revoke', 'key'],
  run: [...ANSWERER, 'system', 'max-tokens', 'temperature', 'verbose'],
  ps: [],
  stop: [],
  doctor: ['upstream'],
  selftest: [],
  bench: [...ANSWERER, 'runs', 'tokens', 'words', 'profile'],
};

it('has these commands', async () => {
  const { out } = await run(['--help']);
  expect([...out.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).toSorted()).toEqual(
    Object.keys(OPTIONS).toSorted(),
  );
});

it.each(Object.entries(OPTIONS))('%s has these options, and --json', async (name, options) => {
  const { code, out } = await run([name, '--help']);
  const shown = [...out.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(([, option = '']) => option);
  expect([code, shown.toSorted()]).toEqual([0, [...options, 'json'].toSorted()]);
});
