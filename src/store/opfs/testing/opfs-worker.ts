import { systemClock as clock } from '../../../base/system-clock';
import { ModelStore } from '../../model-store';
import { urlSource } from '../../url-source';
import { opfsStorePorts } from '../opfs-store';

/** What the test asks of a worker, which may write files. Each is answered by one message. */
export type OpfsRequest =
  | { readonly do: 'pull'; readonly bytes: Uint8Array; readonly stopAfterBytes: number; readonly withoutMove: boolean }
  | { readonly do: 'hold'; readonly sha256: string };
export type OpfsReply = { readonly ok: unknown } | { readonly error: string };

const CHUNK_BYTES = 50_000;
const store = new ModelStore(opfsStorePorts(clock), { clock, now: Date.now, report: (error) => console.error(error) });

addEventListener('message', ({ data }: MessageEvent<OpfsRequest>) => {
  answer(data).then(
    (ok) => postMessage({ ok } satisfies OpfsReply),
    (error: unknown) => postMessage({ error: String(error) } satisfies OpfsReply),
  );
});

async function answer(request: OpfsRequest): Promise<unknown> {
  const { signal } = new AbortController();
  if (request.do === 'hold') {
    await store.stored(request.sha256).open(signal);
    return null;
  }
  if (request.withoutMove) Object.defineProperty(FileSystemFileHandle.prototype, 'move', { value: undefined });
  const { bytes, stopAfterBytes } = request;
  const ranges: string[] = [];
  const network = urlSource(new URL('https://host/model.gguf'), {
    clock,
    random: Math.random,
    stallMs: 30_000,
    fetch: (_url, init) => {
      const range = new Headers(init?.headers).get('range');
      ranges.push(range ?? 'all');
      return Promise.resolve(serve(bytes, Number(/\d+/.exec(range ?? '')?.[0] ?? 0)));
    },
  });
  const source = store.source(network);
  const { stream } = await source.open(signal);
  let received = 0;
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    received += chunk.length;
    if (received >= stopAfterBytes) {
      await stream.cancel(new Error('enough'));
      break;
    }
  }
  source.close();
  return { received, ranges };
}

function serve(bytes: Uint8Array, start: number): Response {
  let position = start;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (position >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(position, position + CHUNK_BYTES));
      position += CHUNK_BYTES;
      return undefined;
    },
  });
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  const headers = { etag: '"one"', 'content-length': String(bytes.length - start), ...(start > 0 ? range : {}) };
  return new Response(body, { status: start > 0 ? 206 : 200, headers });
}
