/** One request that must reach no handler: the bytes of it. */
export interface HostileRequest {
  readonly name: string;
  readonly text: string;
}

export interface Target {
  readonly port: number;
  /** Of `page`; good. */
  readonly token: string;
  /** Of a native client; good. */
  readonly key: string;
  /** The origin that is paired. */
  readonly page: string;
}

type Headers = readonly (readonly [string, string])[];

const BODY = '{"model":"fake","messages":[]}';

function request(method: string, target: string, headers: Headers, body = ''): string {
  return `${method} ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

function post(headers: Headers, body = BODY): string {
  const length = [['Content-Length', String(body.length)] as const];
  return request('POST', '/v1/chat/completions', [...headers, ...length, ['Connection', 'close']], body);
}

/** Every combination of hosts, origins, credentials and types of which at least one is wrong. */
export function crossed({ port, token, key, page }: Target): HostileRequest[] {
  const own = `127.0.0.1:${port}`;
  const hosts = [
    own,
    `evil.example:${port}`,
    'evil.example',
    `${own}.evil.example`,
    '127.0.0.1',
    `127.0.0.1:${port + 1}`,
  ];
  const origins = [null, page, 'null', `${page}.evil.example`, page.replace('https:', 'http:'), `${page}:8443`];
  const secrets = [null, token, key, `${token}x`, token.slice(1), 'fl-guess'];
  const types = ['application/json', 'text/plain', 'multipart/form-data; boundary=x'];
  const all: HostileRequest[] = [];
  for (const host of hosts) {
    for (const origin of origins) {
      for (const secret of secrets) {
        for (const type of types) {
          const isAllowed = (origin === page && secret === token) || (origin === null && secret === key);
          if (host === own && isAllowed && type === 'application/json') continue;
          const headers: Headers = [
            ['Host', host],
            ...(origin === null ? [] : ([['Origin', origin]] as const)),
            ...(secret === null ? [] : ([['Authorization', `Bearer ${secret}`]] as const)),
            ['Content-Type', type],
          ];
          all.push({ name: JSON.stringify({ host, origin, secret, type }), text: post(headers) });
        }
      }
    }
  }
  return all;
}

function manyHeaders(count: number): Headers {
  return Array.from({ length: count }, (_, index) => [index.toString(36), ''] as const);
}

const PATH = '/v1/chat/completions';
const LENGTH = ['Content-Length', String(BODY.length)] as const;
const CHUNKED = ['Transfer-Encoding', 'chunked'] as const;
const CHUNKS = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

function raw(name: string, headers: Headers, body = BODY, target = PATH, method = 'POST'): HostileRequest {
  return { name, text: request(method, target, [...headers, ['Connection', 'close']], body) };
}

/** Shapes that two readers could take for two requests, and protocols that are not spoken here. All with a good key. */
export function shaped(target: Target): HostileRequest[] {
  const host: Headers = [['Host', `127.0.0.1:${target.port}`]];
  const good: Headers = [...host, ['Authorization', `Bearer ${target.key}`], ['Content-Type', 'application/json']];
  return [
    ...framed(good),
    ...spelled(good),
    ...aimed(good, target),
    ...switched(good),
    ...wrongBodies(good),
    ...wrongSecrets(host, target),
    ...wrongProtocols(host, post(good)),
  ];
}

/** How long a body is, said in two ways or none. */
function framed(good: Headers): HostileRequest[] {
  return [
    ...good.map(([name, value]) => raw(`two ${name}`, [...good, LENGTH, [name, value]])),
    raw('two lengths', [...good, LENGTH, LENGTH]),
    raw('two different lengths', [...good, LENGTH, ['Content-Length', '0']]),
    raw('length and chunks', [...good, LENGTH, CHUNKED], CHUNKS),
    raw('chunks and length', [...good, CHUNKED, LENGTH], CHUNKS),
    raw('two encodings', [...good, CHUNKED, ['Transfer-Encoding', 'identity']], CHUNKS),
    raw('encoding twice in a list', [...good, ['Transfer-Encoding', 'chunked, chunked']], CHUNKS),
    raw('encoding that is none', [...good, ['Transfer-Encoding', 'xchunked']], CHUNKS),
    raw('encoding with a blank', [...good, ['Transfer-Encoding ', 'chunked']], CHUNKS),
    raw('encoding with a tab', [...good, ['Transfer-Encoding', '\tchunked\x0b']], CHUNKS),
    raw('encoding in another spelling', [...good, ['Transfer_Encoding', 'chunked'], LENGTH]),
    raw('length with a sign', [...good, ['Content-Length', `+${BODY.length}`]]),
    raw('length in hex', [...good, ['Content-Length', '0x1e']]),
    raw('length in a list', [...good, ['Content-Length', `${BODY.length}, ${BODY.length}`]]),
    raw('negative length', [...good, ['Content-Length', '-1']]),
    raw('bad chunk size', [...good, CHUNKED], 'zz\r\n\r\n'),
    raw('chunk extension with a line feed', [...good, CHUNKED], `1e;\n\r\n${BODY}\r\n0\r\n\r\n`),
    raw('chunk without its end', [...good, CHUNKED], CHUNKS.replace('}\r\n', '}xx')),
    raw(
      'GET with a body that is a request',
      [...good, ['Content-Length', String(post(good).length)]],
      post(good),
      '/health',
      'GET',
    ),
  ];
}

/** Headers as no client writes them. */
function spelled(good: Headers): HostileRequest[] {
  return [
    raw('folded header', [...good, LENGTH, ['X', 'a\r\n b']]),
    raw('line feed alone', [...good, LENGTH, ['X', 'a\nHost: evil.example']]),
    raw('carriage return alone', [...good, LENGTH, ['X', 'a\rHost: evil.example']]),
    raw('zero byte', [...good, LENGTH, ['X', 'a\0b']]),
    raw('no colon', [...good, LENGTH, ['X Y', 'z']]),
    raw('header without a name', [...good, LENGTH, ['', 'z']]),
    raw('blank before the name', [...good, LENGTH, [' Origin', 'https://evil.example']]),
    raw('letters that are no ASCII', [...good, LENGTH, ['X', '\xff']]),
    raw('connection that names headers', [...good, LENGTH, ['Connection', 'authorization']]),
    raw('expectation', [...good, LENGTH, ['Expect', 'evil']]),
    // Node's parser forgets what comes behind the two thousandth.
    raw('a host behind many headers', [...good, LENGTH, ...manyHeaders(2_100), ['Host', 'evil.example']]),
    raw('many headers', [...good, LENGTH, ...manyHeaders(200)]),
    raw('long header', [...good, LENGTH, ['X', 'x'.repeat(20_000)]]),
  ];
}

/** Addresses of something else, or with secrets in them. */
function aimed(good: Headers, { port, key }: Target): HostileRequest[] {
  const targets = [
    `http://127.0.0.1:${port}${PATH}`,
    `http://evil.example${PATH}`,
    `//127.0.0.1${PATH}`,
    `/x/..${PATH}`,
    '/v1\\chat\\completions',
    `${PATH}%00`,
    `${PATH}#x`,
    `${PATH} x`,
    `${PATH}?token=${key}`,
    `${PATH}?api_key=${key}`,
    `/${'x'.repeat(3_000)}`,
  ];
  return targets.map((target) => raw(`target ${target}`, [...good, LENGTH], BODY, target));
}

/** Other methods and other protocols. */
function switched(good: Headers): HostileRequest[] {
  const methods = ['CONNECT', 'TRACE', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'post', 'GET', 'HEAD', 'OPTIONS'];
  const upgrades = ['websocket', 'h2c', 'TLS/1.0'].flatMap((protocol) =>
    ['GET', 'POST'].map((method) => {
      const headers: Headers = [
        ...good,
        LENGTH,
        ['Connection', 'Upgrade'],
        ['Upgrade', protocol],
        ['Sec-WebSocket-Key', 'x'],
      ];
      return { name: `${method} upgrade ${protocol}`, text: request(method, PATH, headers, BODY) };
    }),
  );
  return [
    ...methods.map((method) => raw(method, [...good, LENGTH], BODY, PATH, method)),
    ...upgrades,
    raw('method override', [...good, LENGTH, ['X-HTTP-Method-Override', 'POST']], BODY, PATH, 'PUT'),
    raw('asterisk', [...good, LENGTH], BODY, '*', 'OPTIONS'),
    raw('CONNECT elsewhere', good, '', 'evil.example:443', 'CONNECT'),
  ];
}

function wrongBodies(good: Headers): HostileRequest[] {
  return [
    raw('encoded body', [...good, LENGTH, ['Content-Encoding', 'gzip']]),
    raw('body that is no JSON', [...good, LENGTH], 'x'.repeat(BODY.length)),
    raw('body that is nested', [...good, ['Content-Length', '400']], '['.repeat(200) + ']'.repeat(200)),
    raw('body that is a list', [...good, ['Content-Length', '2']], '[]'),
    raw('body that is no UTF-8', [...good, ['Content-Length', '3']], '"\xff"'),
    raw('body that is empty', [...good, ['Content-Length', '0']], ''),
    raw('body that is too large', [...good, ['Content-Length', '99999999']]),
  ];
}

function wrongSecrets(host: Headers, { key }: Target): HostileRequest[] {
  const json: Headers = [...host, ['Content-Type', 'application/json'], LENGTH];
  return [
    raw('basic credentials', [...json, ['Authorization', `Basic ${key}`]]),
    raw('two credentials in one', [...json, ['Authorization', `Bearer x, Bearer ${key}`]]),
    raw('cookie', [...json, ['Cookie', `token=${key}`]]),
  ];
}

function wrongProtocols(host: Headers, right: string): HostileRequest[] {
  return [
    { name: 'HTTP/1.0 without a host', text: `POST ${PATH} HTTP/1.0\r\n${LENGTH.join(': ')}\r\n\r\n${BODY}` },
    { name: 'HTTP/1.1 without a host', text: right.replace(/Host: .*\r\n/, '') },
    { name: 'HTTP/0.9', text: `GET ${PATH}\r\n\r\n` },
    { name: 'HTTP/2', text: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
    { name: 'HTTP/3.7', text: right.replace('HTTP/1.1', 'HTTP/3.7') },
    { name: 'TLS', text: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
    { name: 'line feeds only', text: right.replaceAll('\r\n', '\n') },
    { name: 'nothing but a host', text: `${host[0]?.join(': ') ?? ''}\r\n\r\n` },
  ];
}

/** What browsers send for pages that may not ask, with a good key or token. */
export function browsed({ port, token, key, page }: Target): HostileRequest[] {
  const host = ['Host', `127.0.0.1:${port}`] as const;
  const sites = ['cross-site', 'same-site', 'none', 'same-origin', 'evil'];
  const modes = ['no-cors', 'navigate', 'websocket', 'cors'];
  const all: HostileRequest[] = [];
  for (const secret of [token, key]) {
    for (const site of sites) {
      for (const mode of modes) {
        for (const origin of [null, page, `http://127.0.0.1:${port}`, 'https://evil.example']) {
          if (secret === token && origin === page && mode === 'cors' && ['cross-site', 'same-site'].includes(site))
            continue;
          const headers: Headers = [
            host,
            ['Authorization', `Bearer ${secret}`],
            ['Content-Type', 'application/json'],
            ['Sec-Fetch-Site', site],
            ['Sec-Fetch-Mode', mode],
            ...(origin === null ? [] : ([['Origin', origin]] as const)),
          ];
          all.push({ name: JSON.stringify({ secret, site, mode, origin }), text: post(headers) });
        }
      }
    }
  }
  return all;
}
