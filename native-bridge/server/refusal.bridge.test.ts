import { expect, it } from 'vitest';
import { useDaemons } from '../testing/use-daemon';

const start = useDaemons();

it('tells a page that may not pair why, where it asks whether anybody is here, and nowhere else', async () => {
  const daemon = await start();
  const origin = 'http://other.example';
  const read = async (path: string, init: RequestInit = {}, from = origin): Promise<unknown[]> => {
    const response = await fetch(`${daemon.url}${path}`, { ...init, headers: { origin: from } });
    const { error } = (await response.json()) as {
      readonly error: { readonly code: string; readonly param: string };
    };
    return [response.status, response.headers.get('access-control-allow-origin'), error.code, error.param];
  };
  expect(await read('/v1/hello')).toEqual([403, origin, 'bridge-denied', 'origin']);
  const hidden = [403, null, 'bridge-denied', 'origin'];
  expect(await read('/v1/hello', {}, 'null')).toEqual(hidden);
  expect(await read('/v1/hello?x=1')).toEqual(hidden);
  expect(await read('/v1/models')).toEqual(hidden);
  expect(await read('/health')).toEqual(hidden);
  expect(await read('/v1/pair/start', { method: 'POST' })).toEqual(hidden);
});
