import { describe, expect, it } from 'vitest';
import { ask, endOf, idsOf } from '../../test/support/ask';
import { testLoad } from '../../test/support/load-zoo';
import { splitGguf } from '../../test/support/split-gguf';
import { readZoo } from '../../test/support/zoo';
import type { RequestEvent } from '../protocol/events';
import { modelSource } from '../store/open-model';
import { FakeClock } from '../../test/support/fake-clock';

const options = { clock: new FakeClock(), random: () => 0, stallMs: 1000 };

function filesOf(bytes: Uint8Array, count: number): File[] {
  const name = (i: number): string => `tiny-0000${i + 1}-of-0000${count}.gguf`;
  return splitGguf(bytes, count).map((part, i) => new File([part], name(i)));
}

describe('a model in three files', () => {
  it.each(['smollm2', 'quant-Q4_K_M'])('answers as %s in one does', async (name) => {
    const bytes = new Uint8Array((await readZoo(name)).bytes);
    const split = modelSource(filesOf(bytes, 3).toReversed(), options);
    const [one, other] = [
      await testLoad(bytes).run(),
      await testLoad(bytes, { host: { source: split } }).run(),
    ] as const;
    expect(other.info.model).toEqual({ ...one.info.model, sha256: expect.any(String), sizeBytes: expect.any(Number) });
    const ids = [5, 17, 42, 99, 3];
    const evaluate = { kind: 'evaluate', ids, positions: 'all' } as const;
    const logits = (events: readonly RequestEvent[]): unknown => events.filter(({ type }) => type === 'logits');
    const values = (events: unknown): unknown => (events as { logits: Float32Array }[]).map((event) => event.logits);
    const expected = values(logits(await ask(one, evaluate)));
    expect(expected).toHaveLength(ids.length);
    expect(values(logits(await ask(other, evaluate)))).toEqual(expected);
    const body = { prompt: ids, max_tokens: 8, temperature: 0 };
    const answers = await Promise.all([one, other].map((engine) => ask(engine, { kind: 'completion', body })));
    expect(idsOf(answers[1] ?? [])).toEqual(idsOf(answers[0] ?? []));
    expect(endOf(answers[0] ?? []).outcome).toEqual(endOf(answers[1] ?? []).outcome);
    await Promise.all([one.close(), other.close()]);
  });
});
