import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { requestId, tokenId } from '../base/ids';
import type { RequestEvent } from './events';
import { LOOKS, ReaderPort, type EventPort } from './reader-port';

const ID = requestId(1);
const TOKEN: RequestEvent = { type: 'token', requestId: ID, tokenId: tokenId(7), text: 'a' };
const ENDED: RequestEvent = {
  type: 'ended',
  requestId: ID,
  outcome: { kind: 'stop' },
  text: '',
  usage: { promptTokens: 1, completionTokens: 1, cachedTokens: 0 },
  timings: {
    prompt_n: 1,
    prompt_ms: 1,
    prompt_per_second: 1,
    predicted_n: 1,
    predicted_ms: 1,
    predicted_per_second: 1,
    cache_n: 0,
  },
};
const SILENCE_MS = 60_000;

/** A port whose reader is the test. */
class TestPort extends EventTarget {
  readonly sent: unknown[] = [];
  readonly moved: Transferable[] = [];
  isStarted = false;
  isClosed = false;

  postMessage(event: unknown, { transfer }: { transfer: Transferable[] }): void {
    this.sent.push(event);
    this.moved.push(...transfer);
  }

  start(): void {
    this.isStarted = true;
  }

  close(): void {
    this.isClosed = true;
  }

  /** The reader asks for the next event. */
  read(): void {
    this.dispatchEvent(new MessageEvent('message', { data: 'read' }));
  }
}

function openPort() {
  const clock = new FakeClock();
  const port = new TestPort();
  let silences = 0;
  const onSilence = (): void => void (silences += 1);
  const reader = new ReaderPort(port as unknown as EventPort, { clock, silenceMs: SILENCE_MS, onSilence });
  return { clock, port, reader, silences: () => silences };
}

describe('a reader', () => {
  it('that asks for each event is never given up, however long nothing comes', () => {
    const { clock, port, reader, silences } = openPort();
    expect(port.isStarted).toBe(true);
    for (let event = 0; event < 5; event++) {
      port.read();
      clock.advance(10 * SILENCE_MS);
      reader.send(TOKEN);
    }
    expect(clock.waiting).toBe(0);
    expect([silences(), port.sent.length]).toEqual([0, 5]);
  });

  it('that reads slowly is not given up while it reads', () => {
    const { clock, port, reader, silences } = openPort();
    for (let event = 0; event < 20; event++) reader.send(TOKEN);
    for (let event = 0; event < 20; event++) {
      clock.advance(SILENCE_MS - 1);
      port.read();
    }
    expect(silences()).toBe(0);
    expect(clock.waiting).toBe(0); // all is read
  });

  it('that reads nothing of what lies there is given up, once', () => {
    const { clock, port, reader, silences } = openPort();
    port.read();
    reader.send(TOKEN); // asked for
    clock.advance(10 * SILENCE_MS);
    expect(silences()).toBe(0);
    reader.send(TOKEN);
    clock.advance(SILENCE_MS);
    expect(silences()).toBe(0);
    clock.advance(SILENCE_MS / LOOKS);
    expect(silences()).toBe(1);
    reader.send(TOKEN);
    clock.advance(10 * SILENCE_MS);
    expect(silences()).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  it('that read late gets its whole time again', () => {
    const { clock, port, reader, silences } = openPort();
    reader.send(TOKEN);
    reader.send(TOKEN);
    clock.advance(SILENCE_MS - 1);
    port.read();
    clock.advance(SILENCE_MS);
    expect(silences()).toBe(0);
    clock.advance(SILENCE_MS / LOOKS);
    expect(silences()).toBe(1);
  });

  it('is not given up because the machine slept', () => {
    const { clock, port, reader, silences } = openPort();
    reader.send(TOKEN);
    const looks = clock.delays.length;
    clock.sleep(100 * SILENCE_MS); // timers are late, and come before messages do
    expect(clock.delays.length).toBe(looks + 1);
    port.read();
    expect(silences()).toBe(0);
  });

  it('is let go when its request ends', () => {
    const { clock, port, reader, silences } = openPort();
    reader.send(TOKEN);
    reader.send(ENDED);
    expect([port.isClosed, clock.waiting]).toEqual([true, 0]);
    clock.advance(10 * SILENCE_MS);
    expect(silences()).toBe(0);
  });

  it('gets large arrays without a copy', () => {
    const { port, reader } = openPort();
    const [logits, embedding] = [new Float32Array(4), new Float32Array(4)];
    reader.send({ type: 'logits', requestId: ID, position: 0, logits });
    reader.send({ type: 'embedding', requestId: ID, embedding });
    expect(port.moved).toEqual([logits.buffer, embedding.buffer]);
  });
});
