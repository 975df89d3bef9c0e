import type { RunningDaemon } from './use-daemon';

/** With a key of a native client. */
export function post(
  { url, key }: RunningDaemon,
  path: string,
  body: unknown,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** What stands behind each `data:`. */
export async function eventsOf(response: Response): Promise<string[]> {
  return (await response.text()).split('\n\n').flatMap((block) => (block.startsWith('data: ') ? [block.slice(6)] : []));
}
