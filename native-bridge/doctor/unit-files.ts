import type { Machine } from './machine';
import { Unit } from './unit';

/**
 * Where the manager of a user's services looks for units and drop-ins, the first to count first. Source: systemd.unit(5), the search path of a user's
 * units; of variables what the doctor was started with.
 */
export function unitFolders({ env, home }: Machine): readonly string[] {
  const config = env['XDG_CONFIG_HOME'] || `${home}/.config`;
  const data = env['XDG_DATA_HOME'] || `${home}/.local/share`;
  const inRuntime = (...names: readonly string[]): readonly string[] =>
    names.flatMap((name) => listed(env['XDG_RUNTIME_DIR']).map((folder) => `${folder}/systemd/${name}`));
  return [
    `${config}/systemd/user.control`,
    ...inRuntime('user.control', 'transient', 'generator.early'),
    `${config}/systemd/user`,
    ...listed(env['XDG_CONFIG_DIRS'] || '/etc/xdg').map((folder) => `${folder}/systemd/user`),
    '/etc/systemd/user',
    ...inRuntime('user'),
    '/run/systemd/user',
    ...inRuntime('generator'),
    `${data}/systemd/user`,
    ...listed(env['XDG_DATA_DIRS'] || '/usr/local/share:/usr/share').map((folder) => `${folder}/systemd/user`),
    '/usr/local/lib/systemd/user',
    '/usr/lib/systemd/user',
    ...inRuntime('generator.late'),
  ];
}

/** Folders of a variable; what is not absolute is passed over, as its specification has it. */
function listed(value = ''): readonly string[] {
  return value.split(':').filter((folder) => folder.startsWith('/'));
}

/** A unit with its drop-ins; `null` where there is none of this name. */
export async function readUnit(machine: Machine, name: string): Promise<Unit | null> {
  for (const folder of unitFolders(machine)) {
    const file = await machine.read(`${folder}/${name}`);
    if (file.is === 'there') return new Unit([file.value, ...(await dropIns(machine, name))], machine.home);
  }
  return null;
}

/**
 * What changes a unit, in the order in which it counts: that of names, whose numbers are text, wherever they lie. Of one name the first counts,
 * and switches the others off also where it is empty; those of all units of this type come behind its own.
 */
async function dropIns(machine: Machine, name: string): Promise<readonly string[]> {
  const type = name.slice(name.lastIndexOf('.') + 1);
  const paths = new Map<string, string>();
  for (const of of [name, type]) {
    for (const folder of unitFolders(machine)) {
      for (const file of await machine.list(`${folder}/${of}.d`)) {
        if (file.endsWith('.conf') && !paths.has(file)) paths.set(file, `${folder}/${of}.d/${file}`);
      }
    }
  }
  const ordered = [...paths.keys()].toSorted().map((file) => paths.get(file) ?? '');
  const texts = await Promise.all(ordered.map((path) => machine.read(path)));
  return texts.flatMap((text) => (text.is === 'there' ? [text.value] : []));
}
