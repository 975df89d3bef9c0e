import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { byNumber, type Machine, type Seen } from '../machine';

interface Dump {
  readonly texts: Map<string, string>;
  readonly denied: Set<string>;
  readonly links: Map<string, string>;
  readonly folders: Set<string>;
}

/**
 * A computer as a dump in test/fixtures/doctor tells it: `== PATH` and then the file's text, `!! PATH` for one that may not be read, `-> PATH TARGET`
 * for a link, `// PATH` for a folder; `<< NAME` for all that another dump has, `-- PATH` for what is not there of it, with all below. `␀` stands for a
 * byte of zero. Each dump says in its head which public report it follows, or which dump it is made from: a test holds it to that.
 */
export function dumpedMachine(name: string, env: Machine['env'] = {}): Machine {
  const { texts, denied, links, folders } = readDump(name);
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
    access: (path) => Promise.resolve(seen(path, texts.has(path) || folders.has(path) ? null : undefined)),
  };
}

function readDump(name: string): Dump {
  let dump: Dump = { texts: new Map(), denied: new Set(), links: new Map(), folders: new Set() };
  let current: string | null = null;
  for (const line of readFileSync(join('test/fixtures/doctor', `${name}.txt`), 'utf8').split('\n')) {
    const [, mark, path = '', target = ''] = /^(==|!!|->|\/\/|--|<<) (\S+) ?(.*)$/.exec(line) ?? [];
    if (mark === '<<') dump = readDump(path);
    else if (mark === '--') takeAway(dump, path);
    else if (mark === '==') dump.texts.set((current = path), '');
    else if (mark === '!!') dump.denied.add(path);
    else if (mark === '->') dump.links.set(path, target);
    else if (mark === '//') dump.folders.add(path);
    else if (current !== null) dump.texts.set(current, `${dump.texts.get(current)}${line.replaceAll('␀', '\0')}\n`);
  }
  return dump;
}

function takeAway({ texts, denied, links, folders }: Dump, path: string): void {
  for (const part of [texts, denied, links, folders]) {
    for (const each of part.keys()) if (each === path || each.startsWith(`${path}/`)) part.delete(each);
  }
}
