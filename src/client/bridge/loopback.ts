const NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * The address of a program on this computer, `http://127.0.0.1:8788`, without a slash at the end; `null` for any other. Nothing is sent to
 * those: a token that has left this computer is somebody else's.
 */
export function loopbackAddress(given: string): string | null {
  const url = given.replace(/\/+$/, '');
  if (!URL.canParse(url)) return null;
  const { href, origin, hostname, protocol } = new URL(url);
  // It stands at the root of a host and port: no name, no path, no question.
  return protocol === 'http:' && NAMES.includes(hostname) && href === `${origin}/` ? origin : null;
}
