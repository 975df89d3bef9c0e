import type { HostedEngine } from '../../src/engine/hosted-engine';
import type { HostRequest } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';

export type Ended = Extract<RequestEvent, { type: 'ended' }>;
export type Token = Extract<RequestEvent, { type: 'token' }>;

let lastId = 0;

/** Every event of a request, up to its end. `onEvent` may act while it runs. */
export function ask(
  engine: HostedEngine,
  request: HostRequest,
  onEvent?: (event: RequestEvent, id: number) => void,
): Promise<RequestEvent[]> {
  lastId += 1;
  const id = lastId;
  const events: RequestEvent[] = [];
  return new Promise((resolve) => {
    engine.submit(id, request, (event) => {
      events.push(event);
      onEvent?.(event, id);
      if (event.type === 'ended') resolve(events);
    });
  });
}

export function tokensOf(events: readonly RequestEvent[]): Token[] {
  return events.filter((event) => event.type === 'token');
}

export function idsOf(events: readonly RequestEvent[]): number[] {
  return tokensOf(events).map((event) => event.tokenId);
}

/** The one terminal event. Throws where there is none, another one, or anything behind it. */
export function endOf(events: readonly RequestEvent[]): Ended {
  const last = events.at(-1);
  if (last?.type !== 'ended') throw new Error('the last event is not the end');
  if (events.filter((event) => event.type === 'ended').length > 1) throw new Error('a request has ended twice');
  return last;
}

export function textOf(events: readonly RequestEvent[]): string {
  const told = tokensOf(events).map((event) => event.text);
  return told.join('') + endOf(events).text;
}
