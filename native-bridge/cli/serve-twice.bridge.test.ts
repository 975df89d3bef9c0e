import { expect, it } from 'vitest';
import { useCommand } from './testing/run-command';

const { run } = useCommand();

it('of two daemons that begin at once on the same state one runs', async () => {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
  const said: string[] = [];
  const options = { fetch, signal, onOut: (text: string) => said.push(text) };
  const both = [1, 2].map(() => run(['serve', '--device', 'reference', '--port', '0'], options));
  expect(await Promise.race(both)).toMatchObject({ code: 1, err: expect.stringContaining('runs already') as string });
  stop.abort();
  expect((await Promise.all(both)).map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 1]);
  expect(said).toEqual([expect.stringMatching(/^Forgelight ready: /)]);
});
