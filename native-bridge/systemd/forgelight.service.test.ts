import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateFolder } from '../state/state-folder';

const text = readFileSync(join(import.meta.dirname, 'forgelight.service'), 'utf8');

/** Section → name → its values, in order. */
function settings(): Record<string, Record<string, string[]>> {
  const sections: Record<string, Record<string, string[]>> = {};
  let section: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const head = /^\[(\w+)\]$/.exec(line)?.[1];
    if (head === undefined) {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      expect(name, `"${line}" is a setting`).not.toBe('');
      (section[name] ??= []).push(value);
    } else section = sections[head] ??= {};
  }
  return sections;
}

describe('the unit of systemd', () => {
  const { Service: service = {}, Install: install } = settings();

  it('starts the daemon for its user, and gives it the time that it needs to end', () => {
    expect(service['ExecStart']).toEqual(['/usr/bin/env forgelight serve --json']);
    // It tells nobody that it is ready; one that was killed comes back, one that was ended does not.
    expect([service['Type'], service['Restart']]).toEqual([['exec'], ['on-failure']]);
    expect(install).toEqual({ WantedBy: ['default.target'] });
    expect(Number(service['TimeoutStopSec'])).toBeGreaterThan(15);
    expect(service['KillMode']).toEqual(['mixed']);
    // Options that mean nothing do so the next time too.
    expect(service['RestartPreventExitStatus']).toEqual(['2']);
  });

  it('lets it write where it keeps its state and its models, and nowhere else', () => {
    expect(service['ProtectSystem']).toEqual(['strict']);
    expect(service['ProtectHome']).toEqual(['read-only']);
    expect([service['StateDirectory'], service['StateDirectoryMode'], service['UMask']]).toEqual([
      ['forgelight'],
      ['0700'],
      ['0077'],
    ]);
    const [, folder = ''] = (service['Environment']?.[0] ?? '').split('=');
    expect(folder).toBe('%S/forgelight');
    expect(stateFolder({ FORGELIGHT_STATE: folder })).toBe(folder);
    // A folder that is not there when the sandbox is made stays read-only, and loads leave their locks in it.
    const [writable = ''] = service['ReadWritePaths'] ?? [];
    expect(service['ExecStartPre']).toEqual([`+/usr/bin/env mkdir -p ${writable.replace(/^-/, '')}`]);
  });

  it('hardens it, and leaves it the GPU', () => {
    const switches = Object.keys(service).filter((name) => service[name]?.join() === 'yes');
    expect(switches.toSorted()).toEqual([
      'LockPersonality',
      'NoNewPrivileges',
      'PrivateTmp',
      'ProtectControlGroups',
      'ProtectKernelTunables',
      'RestrictNamespaces',
      'RestrictRealtime',
      'RestrictSUIDSGID',
    ]);
    expect(service['SystemCallArchitectures']).toEqual(['native']);
    // Pages and programs, and what the driver hears of devices.
    expect(service['RestrictAddressFamilies']).toEqual(['AF_INET AF_INET6 AF_UNIX AF_NETLINK']);
    expect(service['DevicePolicy']).toEqual(['closed']);
    expect(service['DeviceAllow']).toEqual(['/dev/kfd rw', 'char-drm rw']);
    expect(service['PrivateDevices']).toBeUndefined();
    expect(service['MemoryDenyWriteExecute']).toBeUndefined();
  });
});
