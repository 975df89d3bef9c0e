import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { lockState } from '../state/state-lock';
import { useCommand } from './testing/run-command';

const { run } = useCommand();

it('the daemon ends well where it is told to before it is there, as it does later', async () => {
  const state = await mkdtemp(join(tmpdir(), 'forgelight-ends-'));
  onTestFinished(() => rm(state, { recursive: true }));
  const lock = await lockState(state, AbortSignal.timeout(5_000));
  const abort = new AbortController();
  const command = ['serve', '--device', 'reference', '--port', '0'];
  const running = run(command, { signal: abort.signal, env: { FORGELIGHT_STATE: state } });
  const [folder = ''] = await readdir(join(state, 'locks'));
  // It waits for the state, as behind a command that makes a key.
  await vi.waitFor(async () => expect(await readdir(join(state, 'locks', folder))).toHaveLength(3), {
    timeout: 5_000,
    interval: 1,
  });
  abort.abort(new DOMException('Stopped by SIGTERM.', 'AbortError'));
  expect(await running).toMatchObject({ code: 0, out: '', err: '' });
  lock.release();
});

it('the daemon of an upstream takes what looks like a file for a name that this has', async () => {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]);
  const command = ['serve', '--upstream', 'http://127.0.0.1:9', '--model', './no-file.gguf', '--port', '0'];
  const ended = await run(command, { signal, fetch, onOut: (text) => text.includes('ready') && stop.abort() });
  expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/^Forgelight ready: /) });
});
