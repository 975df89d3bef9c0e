import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock';
import { FakeClock } from '../../test/support/fake-clock';
import { useDaemons, type RunningDaemon } from '../testing/use-daemon';
import { eventually } from '../../test/support/eventually';

const start = useDaemons();
const SOCKETS = 200;
/** Of these; each is filled with megabytes before it stands still. */
const READERS = 10;
/** Of one chunk, so that a reader which stands still fills what the system keeps for it. */
const BIG_WORD = 'x'.repeat(1 << 20);
const sockets: Socket[] = [];
const timers: NodeJS.Timeout[] = [];
afterEach(() => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A client that never finishes what it begins: it sends a byte now and then, or reads nothing. */
function slow(
  daemon: RunningDaemon,
  kind: 'silent' | 'headers' | 'body' | 'reader',
): { readonly kind: string; readonly isOver: () => boolean } {
  const socket = daemon.socket();
  let isOver = false;
  sockets.push(socket);
  socket.on('error', () => undefined).on('close', () => (isOver = true));
  const head =
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nAuthorization: Bearer ${daemon.key}\r\n` +
    'Content-Type: application/json\r\n';
  const drip = (begin: string, byte: string): void => {
    socket.write(begin);
    timers.push(setInterval(() => socket.writable && socket.write(byte), 50));
    socket.resume();
  };
  switch (kind) {
    case 'silent':
      socket.resume();
      break;
    case 'headers':
      drip(`${head}X: `, 'x');
      break;
    case 'body':
      drip(`${head}Content-Length: 100000\r\n\r\n{"a":"`, 'x');
      break;
    case 'reader': {
      const body = '{"stream":true,"user":"slow"}';
      socket.pause();
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      break;
    }
  }
  return { kind, isOver: () => isOver };
}

describe('slow clients', () => {
  it('have less time for their headers than for a body', async () => {
    const daemon = await start({ headersMs: 200, requestMs: 600_000, checkMs: 50 });
    const clients = (['silent', 'headers'] as const).map((kind) => slow(daemon, kind));
    await eventually(() => expect(clients.every(({ isOver }) => isOver())).toBe(true));
  });

  it('do not keep others waiting, and are dropped: 200 of them', async () => {
    const daemon = await start({ headersMs: 8_000, requestMs: 9_000, stallMs: 8_000, checkMs: 100 });
    const { backend } = daemon;
    backend.words = Array.from({ length: 40 }, () => BIG_WORD);
    const kinds = ['silent', 'headers', 'body'] as const;
    const clients = Array.from({ length: SOCKETS }, (_, index) =>
      slow(daemon, index < READERS ? 'reader' : (kinds[index % kinds.length] ?? 'silent')),
    );
    // All that can be answered are being answered, and stand still.
    await eventually(() => expect(backend.asked).toHaveLength(READERS));
    backend.words = ['a', 'b', 'c'];
    for (let round = 0; round < 20; round += 1) {
      const response = await fetch(`${daemon.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${daemon.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ stream: true, round }),
      });
      expect((await response.text()).match(/"content":"\w"/g)).toEqual([
        '"content":"a"',
        '"content":"b"',
        '"content":"c"',
      ]);
    }
    // They were served while slow ones were still there: nobody has waited for those.
    expect(clients.filter(({ isOver }) => !isOver()).length).toBeGreaterThan(0);
    // Whoever read nothing has lost its request, and nobody else.
    await eventually(() => expect(backend.cancelled).toBe(READERS));
    for (const socket of sockets) socket.resume(); // who does not read does not see its socket end
    const left = (): string[] => clients.flatMap(({ kind, isOver }) => (isOver() ? [] : [kind]));
    await eventually(() => expect(left()).toEqual([]));
    const readers = backend.asked.filter(({ body }) => JSON.stringify(body).includes('slow'));
    expect(readers.every(({ signal }) => signal.aborted)).toBe(true);
    expect(backend.asked.filter((ask) => !readers.includes(ask)).every(({ signal }) => !signal.aborted)).toBe(true);
  });

  it('that get on are waited for, however long an answer takes them', async () => {
    const stallMs = 1_000;
    const time = new FakeClock();
    let onWait = (): void => undefined;
    const after: Clock['after'] = (delayMs, callback) => {
      if (delayMs === stallMs) onWait();
      return time.after(delayMs, callback);
    };
    const daemon = await start({ stallMs }, { clock: { now: () => time.now(), after } });
    daemon.backend.words = Array.from({ length: 48 }, () => BIG_WORD);
    const socket = daemon.socket().pause();
    sockets.push(socket);
    let received = 0;
    socket.on('data', (bytes: Buffer) => (received += bytes.length));
    const isOver = once(socket, 'close');
    /** The daemon begins to wait for the socket. */
    const waits = (): Promise<unknown> => Promise.race([isOver, new Promise<void>((resolve) => (onWait = resolve))]);
    const body = '{}';
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nAuthorization: Bearer ${daemon.key}\r\n` +
        `Content-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await waits();
    // By a clock of its own: how much a socket has to take before the daemon hears of that is the system's affair.
    for (let turn = 0; turn < 3; turn += 1) {
      time.advance(0.9 * stallMs);
      const next = waits();
      socket.resume();
      await next;
      socket.pause();
    }
    onWait = () => undefined;
    socket.resume();
    await isOver;
    expect(received).toBeGreaterThan(48 * BIG_WORD.length);
  });
});
