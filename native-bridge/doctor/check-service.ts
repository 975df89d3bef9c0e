import { info, ok, problem, warning, type Finding } from './finding';
import type { Machine } from './machine';

const UNIT = 'forgelight.service';
const ENABLE = 'systemctl --user enable --now forgelight';

/** The unit of systemd that starts the daemon with the user's session. Without one there is nothing wrong. */
export async function checkService(machine: Machine): Promise<readonly Finding[]> {
  const own = `${machine.env['XDG_CONFIG_HOME'] || `${machine.home}/.config`}/systemd/user`;
  const folders = [own, '/etc/systemd/user', '/usr/local/lib/systemd/user', '/usr/lib/systemd/user'];
  for (const folder of folders) {
    const unit = await machine.read(`${folder}/${UNIT}`);
    if (unit.is === 'there') return [await checkProgram(machine, unit.value), await checkEnabled(machine, own)];
  }
  return [info('service', 'The daemon is not a service of systemd: it runs while `forgelight serve` does.')];
}

async function checkEnabled(machine: Machine, own: string): Promise<Finding> {
  for (const folder of [own, '/etc/systemd/user']) {
    const link = await machine.link(`${folder}/default.target.wants/${UNIT}`);
    if (link !== null) return ok('service', 'It starts with the user’s session.');
  }
  return warning('service', 'It does not start with the user’s session.', `Enable it: ${ENABLE}`);
}

async function checkProgram(machine: Machine, unit: string): Promise<Finding> {
  const command = /^ExecStart=[-@:+!]*(.*)$/m.exec(unit)?.[1]?.trim().split(/\s+/) ?? [];
  const [first = '', second = ''] = command;
  const again = `then systemctl --user daemon-reload && systemctl --user restart forgelight`;
  if (first === '') {
    const fix = `Install the unit again, ${again}`;
    return problem('service', `The unit ${UNIT} has no ExecStart.`, fix);
  }
  if (first.endsWith('/env')) {
    // The manager of a user's services looks there, whatever the shell's PATH is.
    const places = ['/usr/local/bin', '/usr/bin', '/bin', ...(machine.env['PATH'] ?? '').split(':')];
    for (const folder of places) {
      if ((await machine.access(`${folder}/${second}`)).is !== 'absent') {
        return ok('service', `The unit ${UNIT} starts ${folder}/${second}.`);
      }
    }
    const fix = `Install it for all: sudo npm install -g forgelight, ${again}`;
    return problem('service', `The unit ${UNIT} starts "${second}", which is not in the service’s PATH.`, fix);
  }
  if ((await machine.access(first)).is !== 'absent') return ok('service', `The unit ${UNIT} starts ${first}.`);
  const fix = `Put the path that \`which forgelight\` gives into its ExecStart: systemctl --user edit --full forgelight, ${again}`;
  return problem('service', `The unit ${UNIT} starts ${first}, which is not there.`, fix);
}
