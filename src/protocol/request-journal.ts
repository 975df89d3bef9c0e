import { assert } from '../base/assert';
import type { HostRequest } from './engine-port';
import type { RequestEvent } from './events';

/**
 * What whoever receives a request's events keeps of them, so that another engine can go on: plain data, no clock and no port. Owned by
 * whoever passes the events on; one a request, from its submit to its `ended`.
 */
export class RequestJournal {
  private seed: number | null = null;
  private promptIds: readonly number[] = [];
  private readonly emittedIds: number[];
  /** Results that no other engine repeats exactly once: such a request begins anew, or not at all. */
  private readonly given = { positions: new Set<number>(), embedding: false };

  constructor(private readonly request: HostRequest) {
    this.emittedIds = request.kind === 'resume' ? [...request.emittedIds] : [];
  }

  /** Tokens of its answer so far. */
  get emitted(): number {
    return this.emittedIds.length;
  }

  /** Whether the event is news to the request's reader, who has heard the beginning once. To be called with every event, in order. */
  note(event: RequestEvent): boolean {
    switch (event.type) {
      case 'accepted': {
        const isNews = this.seed === null;
        this.seed = event.seed;
        this.promptIds = event.promptIds;
        return isNews;
      }
      case 'token':
        this.emittedIds.push(event.tokenId);
        return true;
      case 'logits': {
        const isNews = !this.given.positions.has(event.position);
        this.given.positions.add(event.position);
        return isNews;
      }
      case 'embedding': {
        const isNews = !this.given.embedding;
        this.given.embedding = true;
        return isNews;
      }
      case 'prefill':
      case 'ended':
        return true;
    }
  }

  /** What another engine is asked for, so that the answer goes on behind what was heard of it. */
  continuation(): HostRequest {
    const { request, seed } = this;
    if (seed === null) return request; // nothing was heard yet
    switch (request.kind) {
      case 'evaluate':
      case 'embed':
        return request;
      case 'chat':
      case 'completion':
        return this.resumed(request.kind, request.body, seed);
      case 'resume':
        return this.resumed(request.of, request.body, seed);
    }
  }

  private resumed(of: 'chat' | 'completion', body: unknown, seed: number): HostRequest {
    assert(this.promptIds.length > 0, 'a request that was accepted has a prompt');
    return { kind: 'resume', of, body, seed, promptIds: this.promptIds, emittedIds: [...this.emittedIds] };
  }
}
