import { expect, it, vi } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { DEFAULT_HOST_TIMEOUTS } from '../../src/protocol/timeouts';
import { askHost, answerOf } from '../testing/ask-host';
import { SupervisedHost } from './supervised-host';
import { Supervisor } from './supervisor';

it('forgets a request that was refused', async () => {
  const supervisor = new Supervisor({
    spawn: () => {
      throw new TypeError('nothing is loaded');
    },
    clock,
    random: () => 0,
    timeouts: DEFAULT_HOST_TIMEOUTS,
    start: { device: 'reference', modelsFolder: '', stateFolder: '' },
    counters: { loads: 0, restarts: 0, requests: 0, tokens: 0 },
    log: () => undefined,
  });
  const cancel = vi.spyOn(supervisor, 'cancel');
  const host = new SupervisedHost(supervisor, { clock, stallMs: 1_000 });
  const events = await askHost(host, 7, { kind: 'completion', body: {} });
  expect(answerOf(events).ends).toEqual(['failed']);
  expect(await host.cancel(7)).toBe(false);
  expect(cancel).not.toHaveBeenCalled();
});
