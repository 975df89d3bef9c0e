import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { byNumber, type Machine, type Seen } from '../machine';

/**
 * A computer as a dump in test/fixtures/doctor tells it: `== PATH` and then the file's text, `!! PATH` for one that may not be read, `-> PATH TARGET`
 * for a link. `␀` stands for a byte of zero. The dumps are written after public descriptions of such machines.
 */
export function dumpedMachine(name: string, env: Machine['env'] = {}): Machine {
  const texts = new Map<string, string>();
  const denied = new Set<string>();
  const links = new Map<string, string>();
  let current: string | null = null;
  for (const line of readFileSync(join('test/fixtures/doctor', `${name}.txt`), 'utf8').split('\n')) {
    const [, mark, path = '', target = ''] = /^(==|!!|->) (\S+) ?(.*)$/.exec(line) ?? [];
    if (mark === '==') texts.set((current = path), '');
    else if (mark === '!!') denied.add(path);
    else if (mark === '->') links.set(path, target);
    else if (current !== null) texts.set(current, `${texts.get(current)}${line.replaceAll('␀', '\0')}\n`);
  }
  const seen = <T>(path: string, value: T | undefined): Seen<T> => {
    if (denied.has(path)) return { is: 'denied' };
    return value === undefined ? { is: 'absent' } : { is: 'there', value };
  };
  const all = [...texts.keys(), ...denied, ...links.keys()];
  return {
    platform: 'linux',
    env,
    home: '/u',
    read: (path) => Promise.resolve(seen(path, texts.get(path))),
    list: (folder) => {
      const below = all.filter((path) => path.startsWith(`${folder}/`));
      const names = below.map((path) => path.slice(folder.length + 1).split('/')[0] ?? '');
      return Promise.resolve([...new Set(names)].toSorted(byNumber));
    },
    link: (path) => Promise.resolve(links.get(path) ?? null),
    access: (path) => Promise.resolve(seen(path, texts.has(path) ? null : undefined)),
  };
}
