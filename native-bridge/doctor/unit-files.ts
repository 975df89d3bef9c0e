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

/** A unit with its drop-ins, or the file that masks it. */
export type FoundUnit =
  | { readonly is: 'unit'; readonly unit: Unit }
  | { readonly is: 'masked'; readonly path: string }
  | { readonly is: 'absent' };

/** The first of this name counts. An empty one, as /dev/null is to whoever follows a link, masks all of them and their drop-ins. */
export async function readUnit(machine: Machine, name: string): Promise<FoundUnit> {
  for (const folder of unitFolders(machine)) {
    const path = `${folder}/${name}`;
    const file = await machine.read(path);
    if (file.is !== 'there') continue;
    if (file.value === '') return { is: 'masked', path };
    return { is: 'unit', unit: new Unit([file.value, ...(await dropIns(machine, name))], machine.home) };
  }
  return { is: 'absent' };
}

/** What takes a mask off: systemctl knows those that it makes itself. Source: systemctl(1), `mask`. */
export function unmaskCommand({ env, home }: Machine, path: string): string {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const service = path.slice(folder.length + 1).replace(/\.service$/, '');
  if (folder === `${env['XDG_CONFIG_HOME'] || `${home}/.config`}/systemd/user`)
    return `systemctl --user unmask ${service}`;
  const [runtime] = listed(env['XDG_RUNTIME_DIR']);
  if (folder === `${runtime}/systemd/user`) return `systemctl --user --runtime unmask ${service}`;
  if (folder === '/etc/systemd/user') return `sudo systemctl --global unmask ${service}`;
  const isOwn = [home, runtime].some((own) => own !== undefined && path.startsWith(`${own}/`));
  return `${isOwn ? '' : 'sudo '}rm ${path}`;
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
