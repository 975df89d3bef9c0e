import { describe, expect, it } from 'vitest';
import type { HubListOptions } from '../client/index';
import { ForgelightError } from '../base/errors';
import { HubList, type HubModel } from './hub-list';

const MODEL: HubModel = {
  model: 'hf:o/r/m-Q4_0.gguf',
  path: 'm-Q4_0.gguf',
  sizeBytes: 40,
  quantisation: 'Q4_0',
  sha256: null,
  fits: 'fits',
};

function setUp() {
  const asked: {
    reference: string;
    options: HubListOptions;
    answer: (models: readonly HubModel[]) => void;
    fail: (error: unknown) => void;
  }[] = [];
  const reported: unknown[] = [];
  const hub = new HubList(
    {
      list: (reference, options) =>
        new Promise((answer, fail) => void asked.push({ reference, options, answer, fail })),
      reportError: (error) => reported.push(error),
    },
    () => undefined,
  );
  return { hub, asked, reported };
}

describe('the models of a repository', () => {
  it('are those of the one that was asked for last, whichever answer comes last', async () => {
    const { hub, asked } = setUp();
    const older = hub.show('hf:o/old');
    const newer = hub.show('hf:o/new');
    expect(asked[0]?.options.signal?.aborted).toBe(true);
    asked[1]?.answer([MODEL]);
    await newer;
    asked[0]?.answer([]);
    await older;
    expect(hub.state).toEqual({ kind: 'found', reference: 'hf:o/new', models: [MODEL] });
  });

  it('that nobody waits for any more are no news, nor is the failure of a look that was left', async () => {
    const { hub, asked, reported } = setUp();
    const looking = hub.show('hf:o/r');
    hub.leave();
    asked[0]?.fail(new DOMException('left', 'AbortError'));
    await looking;
    expect([hub.state, reported]).toEqual([{ kind: 'none' }, []]);
  });

  it('say why there are none, and are asked for again with a token, which stays', async () => {
    const { hub, asked } = setUp();
    const first = hub.show('hf:o/r');
    asked[0]?.fail(new ForgelightError('network', 'o/r is gated'));
    await first;
    expect(hub.state).toMatchObject({ kind: 'failed', failure: { code: 'network', detail: 'o/r is gated' } });
    void hub.show('hf:o/r', ' hf_x ');
    void hub.show('hf:o/s');
    expect(asked.map(({ options }) => options.hubToken)).toEqual([undefined, 'hf_x', 'hf_x']);
    void hub.show('hf:o/r', '');
    expect([hub.token, asked.at(-1)?.options.hubToken]).toEqual([null, undefined]);
  });
});
