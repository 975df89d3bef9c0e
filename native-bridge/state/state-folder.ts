import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the daemon keeps what it must know after its end: pairings, keys, and where it listens. `FORGELIGHT_STATE` names another. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['FORGELIGHT_STATE'];
  if (given) return given;
  const home = homedir();
  switch (process.platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'forgelight');
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'forgelight');
    default:
      return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'forgelight');
  }
}
