import { describe, expect, it } from 'vitest';
import { ask, endOf, idsOf } from '../../test/support/ask';
import { testLoad } from '../../test/support/load-zoo';
import { splitGguf } from '../../test/support/split-gguf';
import { readZoo } from '../../test/support/zoo';
import type { Device } from '../device/device';
import { createReferenceDevice } from '../device/reference/reference-device';
import type { RequestEvent } from '../protocol/events';
import { modelSource } from '../store/open-model';
import { splitIdentity } from '../store/split-identity';
import { sha256Of } from '../store/testing/visits';
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

  it('is known by its parts, and held against that', async () => {
    const bytes = new Uint8Array((await readZoo('smollm2')).bytes);
    const source = modelSource(filesOf(bytes, 3), options);
    const sha256 = await splitIdentity(splitGguf(bytes, 3).map(sha256Of));
    const engine = await testLoad(bytes, { host: { source }, options: { sha256 } }).run();
    expect(engine.info.model.sha256).toBe(sha256);
    await engine.close();
    const swapped = await splitIdentity(splitGguf(bytes, 3).map(sha256Of).toReversed());
    for (const other of [swapped, sha256Of(splitGguf(bytes, 3)[0] ?? bytes), sha256Of(bytes)]) {
      const load = testLoad(bytes, { host: { source }, options: { sha256: other } });
      await expect(load.run()).rejects.toMatchObject({ code: 'corrupt-model' });
    }
  });

  it('comes from mirrors, one of which breaks off in the middle, and is held against its parts', async () => {
    const bytes = new Uint8Array((await readZoo('smollm2')).bytes);
    const parts = splitGguf(bytes, 3);
    const sha256 = await splitIdentity(parts.map(sha256Of));
    const others = splitGguf(bytes, 3, { trailing: 1 });
    const fetch = async (input: RequestInfo | URL): Promise<Response> => {
      const { host, pathname } = new URL(input instanceof Request ? input.url : input);
      const part = Number(/-0000(\d)-of-/.exec(pathname)?.[1]) - 1;
      const whole = (host === 'other.test' ? others : parts)[part] ?? bytes;
      const sent = host === 'cut.test' && part === 1 ? whole.subarray(0, whole.length - 100) : whole;
      return new Response(sent, { headers: { 'content-length': String(whole.length) } });
    };
    const devices: Device[] = [];
    const openDevice = async (): Promise<Device> => {
      const device = createReferenceDevice();
      devices.push(device);
      return device;
    };
    const load = (first: string, second: string) => {
      devices.length = 0;
      const [address, mirror] = [first, second].map((host) => `https://${host}/tiny-00001-of-00003.gguf`);
      const mirrors = [mirror ?? ''];
      const source = modelSource(address ?? '', { ...options, fetch, maxAttempts: 1, mirrors, sha256 });
      return testLoad(bytes, { host: { source, openDevice }, options: { sha256 } }).run();
    };
    const engine = await load('cut.test', 'whole.test');
    expect(engine.info.model.sha256).toBe(sha256);
    await engine.close();
    const second = await load('other.test', 'whole.test');
    expect([second.info.model.sha256, second.info.notes.join()]).toEqual([
      sha256,
      expect.stringContaining('https://other.test/tiny-00001-of-00003.gguf has another file than is wanted'),
    ]);
    expect(devices.map((device) => device.allocatedBytes() > 0)).toEqual([false, true]);
    await second.close();
    await expect(load('cut.test', 'other.test')).rejects.toMatchObject({ code: 'network' });
    await expect(load('other.test', 'other.test')).rejects.toMatchObject({ code: 'corrupt-model' });
  });
});
