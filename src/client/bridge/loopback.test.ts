import { expect, it } from 'vitest';
import { loopbackAddress } from './loopback';

it.each([
  ['http://127.0.0.1:8788', 'http://127.0.0.1:8788'],
  ['http://localhost:8788//', 'http://localhost:8788'],
  ['http://[::1]:1/', 'http://[::1]:1'],
  ['http://127.0.0.1', 'http://127.0.0.1'],
])('an address of this computer: %s', (given, address) => expect(loopbackAddress(given)).toBe(address));

it.each([
  ...['https://127.0.0.1:8788', 'ws://127.0.0.1:8788', 'file:///x', 'http:', 'x', ''],
  ...['http://192.168.0.2:8788', 'http://127.0.0.2:8788', 'http://0.0.0.0:8788', 'http://[::]:8788'],
  ...['http://printer.local:8788', 'http://localhost.evil.example:8788', 'http://127.0.0.1.evil.example'],
  ...['http://evil.example/127.0.0.1', 'http://127.0.0.1@evil.example', 'http://me:secret@127.0.0.1:8788'],
  ...['http://127.0.0.1:8788/x', 'http://127.0.0.1:8788/?x', 'http://127.0.0.1:8788/#x'],
])('no address that a token is sent to: %s', (given) => expect(loopbackAddress(given)).toBeNull());
