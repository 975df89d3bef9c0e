/** A message port as something to read, in order, by one reader. */
export interface PortReader<T> {
  /** The other end, to be handed to whoever sends. */
  readonly port: MessagePort;
  readonly events: AsyncIterable<T>;
  /** Nobody reads any more: the port is closed. */
  readonly close: () => void;
}

/**
 * The reader's end of a port of events. Before each event that it takes it sends a message, as `EngineHost` wants it, so that a host gives up
 * readers which are gone; `isLast` tells the event that ends the stream.
 */
export function readPort<T>(isLast: (event: T) => boolean): PortReader<T> {
  const { port1, port2 } = new MessageChannel();
  const waiting: T[] = [];
  let wake: (() => void) | null = null;
  port1.addEventListener('message', ({ data }: MessageEvent<T>) => {
    waiting.push(data);
    wake?.();
  });
  port1.start();
  async function* read(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      port1.postMessage(null);
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const event = waiting.shift();
      if (event === undefined) continue; // woken for one that was taken already
      yield event;
      if (isLast(event)) return;
    }
  }
  return { port: port2, events: read(), close: () => port1.close() };
}
