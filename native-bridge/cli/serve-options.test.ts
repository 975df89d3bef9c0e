import { expect, it } from 'vitest';
import { readServeOptions } from './serve-options';

it.each(['localhost', '::1', '127.0.0.1', '127.8.9.1'])('%s is this computer alone', (host) => {
  expect(readServeOptions({ host }, {})).toMatchObject({ host, otherNames: [] });
});

it.each(['0.0.0.0', '::', '192.168.0.7', 'box.local', '127.evil.example', '127.0.0.1.evil.example'])(
  '%s may be others, and is taken where that is wanted',
  (host) => {
    expect(() => readServeOptions({ host }, {})).toThrow('--allow-network');
    expect(() => readServeOptions({}, { FORGELIGHT_HOST: host })).toThrow('Leave FORGELIGHT_HOST out');
    expect(readServeOptions({ host, 'allow-network': true }, {}).host).toBe(host);
  },
);

it.each<[object, object, number]>([
  [{}, {}, 8788],
  [{}, { FORGELIGHT_PORT: '99' }, 99],
  [{ port: '7' }, { FORGELIGHT_PORT: '99' }, 7],
  [{ port: '' }, { FORGELIGHT_PORT: '99' }, 8788], // said, and to be nothing
])('the command line counts before the environment: %j, %j', (given, env, port) => {
  expect(readServeOptions({ ...given }, { ...env }).port).toBe(port);
});
