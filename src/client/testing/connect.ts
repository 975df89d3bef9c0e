import { expose, wrap } from 'comlink';
import { onTestFinished } from 'vitest';
import type { EngineHost } from '../../protocol/engine-port';
import { createEngineClient } from '../engine-client';
import { Lifeline } from '../lifeline';
import type { Engine } from '../types';
import { FakeHost, info } from './fake-host';

/** An engine whose host is a fake one behind a message channel, for the time of one test. */
export function connect(): { host: FakeHost; engine: Engine; disposed: () => number } {
  const host = new FakeHost();
  const { port1, port2 } = new MessageChannel();
  expose(host, port1);
  let disposals = 0;
  const engine = createEngineClient(wrap<EngineHost>(port2), info, new Lifeline(), {
    dispose: () => void (disposals += 1),
    startMs: 12,
  });
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  return { host, engine, disposed: () => disposals };
}

export async function readAll<T>(chunks: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
