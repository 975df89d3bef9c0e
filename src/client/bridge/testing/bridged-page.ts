import { afterEach, expect, vi } from 'vitest';
import { parseEngineOptions } from '../../../protocol/engine-options-schema';
import type { EngineEvent } from '../../../protocol/engine-events';
import { createEngineIn } from '../../create-engine';
import { info } from '../../testing/fake-host';
import { FakeScope } from '../../testing/fake-worker';
import type { ChatCompletionChunk, Engine, EngineOptions } from '../../types';
import type { BridgeScope } from '../bridge-scope';
import { BRIDGE_URL, bridgeInfo, FakeBridge, TOKEN } from './fake-bridge';
import { eventually } from '../../../../test/support/eventually';

export const messages = [{ role: 'user', content: 'hi' }] as const;
const model = 'https://models.example/x.gguf';
export const pageInfo = {
  ...info,
  device: { kind: 'webgpu', name: 'GPU', features: [] } as const,
  systemFingerprint: 'fp_page',
};
const ends: (() => void)[] = [];

afterEach(() => {
  vi.unstubAllGlobals();
  for (const end of ends.splice(0)) end();
});

export interface Setup {
  readonly bridge: FakeBridge;
  readonly scope: FakeScope;
  readonly create: (options?: Partial<EngineOptions>, bridge?: BridgeScope) => Promise<Engine>;
}

/** A page beside a daemon, both without sockets. */
export function setUp(): Setup {
  const bridge = new FakeBridge();
  const scope = new FakeScope();
  scope.host.onLoad = () => Promise.resolve({ ok: true, value: pageInfo });
  ends.push(() => scope.worker.terminate());
  const create = async (options: Partial<EngineOptions> = {}, daemon: BridgeScope = bridge): Promise<Engine> => {
    const given = {
      model,
      sha256: bridgeInfo.model.sha256,
      workerUrl: '/worker.js',
      bridgeUrl: BRIDGE_URL,
      bridgeToken: TOKEN,
      ...options,
    };
    const engine = await createEngineIn(scope, parseEngineOptions(given), daemon);
    ends.push(() => void engine.close());
    return engine;
  };
  return { bridge, scope, create };
}

/** Reads a stream as far as it is asked to. */
export class Reading {
  readonly chunks: ChatCompletionChunk[] = [];
  readonly whole: Promise<void>;

  constructor(stream: AsyncIterable<ChatCompletionChunk>) {
    this.whole = (async () => {
      for await (const chunk of stream) this.chunks.push(chunk);
    })();
  }

  get text(): string {
    return this.chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
  }

  async until(text: string): Promise<void> {
    await eventually(() => expect(this.text).toBe(text));
  }

  get devices(): readonly (string | undefined)[] {
    return [...new Set(this.chunks.map(({ device }) => device?.name))];
  }
}

export async function read(engine: Engine): Promise<Reading> {
  return new Reading(await engine.chat.completions.create({ messages, stream: true }));
}

export function eventsOf(engine: Engine): EngineEvent[] {
  const events: EngineEvent[] = [];
  for (const type of ['state', 'lost', 'restored'] as const) engine.on(type, (event) => events.push(event));
  return events;
}
