import { assert } from '../../src/base/assert';
import { requestId, tokenId } from '../../src/base/ids';
import { NO_TIMINGS } from '../../src/engine/request';
import type { EngineInfo, HostRequest } from '../../src/protocol/engine-port';
import type { Outcome, RequestEvent } from '../../src/protocol/events';
import type { ChildListener, ChildPort } from '../engine/child-life';
import type { FromEngine, Numbered, ToEngine } from '../engine/ipc';

/** What a simulated request is about: so many tokens, and before one of them a process that computes it dies. */
export interface ToyBody {
  readonly name: number;
  readonly tokens: number;
  readonly killsAt: number | null;
}

/** The token that any process gives there. */
export const toyToken = ({ name }: ToyBody, index: number): number => 1000 * name + index;

export const TOY_INFO: EngineInfo = {
  model: {
    name: 'toy',
    architecture: 'llama',
    quantisation: 'F32',
    sizeBytes: 1,
    sha256: 'ab'.repeat(32),
    contextLength: 128,
    vocabularySize: 4,
  },
  device: { kind: 'reference', name: 'none', features: [] },
  notes: [],
  systemFingerprint: 'fl-toy',
  kvCacheTokens: 128,
};

interface Running {
  readonly id: number;
  readonly body: ToyBody;
  next: number;
}

/** What the system tells of a process, in any order that it likes. */
export type Notice = 'exited' | 'disconnected' | 'closed';

/**
 * An engine process without a process: it does nothing by itself, and the schedule says when it reads, computes, dies, and when others hear of
 * that. What it has sent lies in a pipe, which may be read long after its death.
 */
export class SimulatedEngine implements ChildPort {
  isAlive = true;
  /** Reads nothing, and minds no SIGTERM. */
  isStuck = false;
  /** Its load never ends; all else goes on. */
  isHung = false;
  /** Somebody wants it to end. */
  isTold = false;
  isAbandoned = false;
  isLoaded = false;
  readonly inbox: Numbered<ToEngine>[] = [];
  readonly outbox: Numbered<FromEngine>[] = [];
  readonly notices: Notice[] = [];
  private readonly running = new Map<number, Running>();
  private generation = 0;

  constructor(
    readonly listener: ChildListener,
    private readonly onLoad: () => boolean,
  ) {}

  send(message: Numbered<ToEngine>): void {
    if (this.isAlive) this.inbox.push(message);
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.isTold = true;
    if (signal === 'SIGKILL' || !this.isStuck) this.die();
  }

  abandon(): void {
    this.isAbandoned = true;
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.notices.push('disconnected', 'exited', 'closed');
  }

  read(): void {
    const message = this.isAlive && !this.isStuck ? this.inbox.shift() : undefined;
    if (message === undefined) return;
    assert(this.generation === 0 || this.generation === message.generation, 'a process hears of its own time only');
    this.generation = message.generation;
    switch (message.type) {
      case 'start':
        return this.say({ type: 'hello' });
      case 'load': {
        if (this.isHung) return;
        this.isLoaded = this.onLoad();
        const error = { code: 'out-of-memory', message: 'no room' } as const;
        return this.say({
          type: 'loaded',
          result: this.isLoaded ? { ok: true, value: TOY_INFO } : { ok: false, error },
        });
      }
      case 'submit':
        return this.accept(message.requestId, message.request);
      case 'call': {
        const { call, ask } = message;
        const value = ask.method === 'cancel' ? this.cancel(ask.requestId) : ask.method;
        return this.say({ type: 'answer', call, result: { ok: true, value } });
      }
      case 'beat':
        return this.say({ type: 'beat' });
    }
  }

  /** One event of one of its requests. */
  step(pick: number): void {
    const all = [...this.running.values()];
    const request = all[pick % Math.max(all.length, 1)];
    if (request === undefined || !this.isAlive || this.isStuck) return;
    const { id, body, next } = request;
    if (next === body.killsAt) return this.die();
    if (next >= body.tokens) return this.end(id, { kind: 'length' });
    request.next += 1;
    return this.tell({ type: 'token', requestId: requestId(id), tokenId: tokenId(toyToken(body, next)), text: '' });
  }

  private accept(id: number, request: HostRequest): void {
    assert(this.isLoaded && !this.running.has(id), `request ${id} comes once, to a process that has the model`);
    assert(request.kind === 'chat' || request.kind === 'resume', 'only such requests are simulated');
    const body = request.body as ToyBody;
    const emitted = request.kind === 'resume' ? request.emittedIds : [];
    assert(
      emitted.every((token, index) => token === toyToken(body, index)),
      `request ${id} goes on behind its own tokens`,
    );
    this.running.set(id, { id, body, next: emitted.length });
    this.tell({ type: 'accepted', requestId: requestId(id), promptIds: [tokenId(1)], seed: 1 });
  }

  private cancel(id: number): boolean {
    const isAlive = this.running.has(id);
    if (isAlive) this.end(id, { kind: 'cancelled' });
    return isAlive;
  }

  private end(id: number, outcome: Outcome): void {
    this.running.delete(id);
    const usage = { promptTokens: 1, completionTokens: 0, cachedTokens: 0 };
    this.tell({ type: 'ended', requestId: requestId(id), outcome, text: '', usage, timings: NO_TIMINGS });
  }

  private tell(event: RequestEvent): void {
    this.say({ type: 'event', event });
  }

  private say(message: FromEngine): void {
    this.outbox.push({ ...message, generation: this.generation });
  }
}

/** The next message of one of `engines`, also what a process has said that is gone by now. */
export function deliverOne(engines: readonly SimulatedEngine[], pick: number): void {
  const full = engines.filter(({ outbox }) => outbox.length > 0);
  const engine = full[pick % Math.max(full.length, 1)];
  const message = engine?.outbox.shift();
  if (message !== undefined) engine?.listener.message(message);
}
