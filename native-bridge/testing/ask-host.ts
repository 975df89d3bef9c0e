import type { HostRequest } from '../../src/protocol/engine-port';
import type { RequestEvent } from '../../src/protocol/events';
import type { LentEngine } from '../server/backend';

/** All events of a request, read as a client reads them. `onEvent` hears of each as it comes. */
export function askHost(
  host: LentEngine['host'],
  id: number,
  request: HostRequest,
  onEvent: (event: RequestEvent) => void = () => undefined,
): Promise<RequestEvent[]> {
  const { port1, port2 } = new MessageChannel();
  const events: RequestEvent[] = [];
  return new Promise((resolve) => {
    port1.addEventListener('message', ({ data }: MessageEvent<RequestEvent>) => {
      events.push(data);
      onEvent(data);
      if (data.type !== 'ended') return port1.postMessage(null);
      port1.close();
      return resolve(events);
    });
    port1.start();
    port1.postMessage(null);
    host.submit(id, request, port2);
  });
}

/** Of an answer, what its reader got. */
export function answerOf(events: readonly RequestEvent[]): {
  ids: number[];
  text: string;
  ends: string[];
  accepted: number;
} {
  const ends = events.filter((event) => event.type === 'ended');
  return {
    ids: events.flatMap((event) => (event.type === 'token' ? [event.tokenId] : [])),
    text: events.map((event) => ('text' in event ? event.text : '')).join(''),
    ends: ends.map(({ outcome }) => outcome.kind),
    accepted: events.filter(({ type }) => type === 'accepted').length,
  };
}
