import { info, ok, problem, warning, type Finding } from './finding';
import type { Machine } from './machine';
import { wordsOf, type Unit } from './unit';
import { readUnit, unitFolders, unmaskCommand } from './unit-files';

const UNIT = 'forgelight.service';
const ENABLE = 'systemctl --user enable --now forgelight';

/** The unit of systemd that starts the daemon with the user's session. Without one there is nothing wrong. */
export async function checkService(machine: Machine): Promise<readonly Finding[]> {
  const found = await readUnit(machine, UNIT);
  if (found.is === 'absent') {
    return [info('service', 'The daemon is not a service of systemd: it runs while `forgelight serve` does.')];
  }
  if (found.is === 'masked') {
    const what = `The unit ${UNIT} is masked by ${found.path}, so that systemd starts none of it.`;
    const fix = `Take the mask off: ${unmaskCommand(machine, found.path)}, then systemctl --user daemon-reload && ${ENABLE}`;
    return [warning('service', what, fix)];
  }
  const { unit } = found;
  return [
    await checkProgram(machine, unit),
    ...checkSandbox(unit),
    ...(await checkModels(machine, unit)),
    ...(await checkState(machine, unit)),
    await checkEnabled(machine),
  ];
}

async function checkEnabled(machine: Machine): Promise<Finding> {
  for (const folder of unitFolders(machine)) {
    const link = await machine.link(`${folder}/default.target.wants/${UNIT}`);
    if (link !== null) return ok('service', 'It starts with the user’s session.');
  }
  return warning('service', 'It does not start with the user’s session.', `Enable it: ${ENABLE}`);
}

async function checkProgram(machine: Machine, unit: Unit): Promise<Finding> {
  const commands = unit.all('ExecStart');
  const [program = '', second = ''] = wordsOf(unit.last('ExecStart'));
  const first = program.replace(/^[-@:+!|]+/, '');
  const again = `then systemctl --user daemon-reload && systemctl --user restart forgelight`;
  if (first === '') {
    const fix = `Install the unit again, ${again}`;
    return problem('service', `The unit ${UNIT} has no ExecStart.`, fix);
  }
  if (commands.length > 1) {
    const fix = `Put an empty line ExecStart= before the last of them: systemctl --user edit forgelight, ${again}`;
    return problem(
      'service',
      `The unit ${UNIT} has ${commands.length} ExecStart, with which systemd starts none.`,
      fix,
    );
  }
  if (first.endsWith('/env')) return checkByName(machine, second, unit, again);
  if ((await machine.access(first)).is !== 'absent') return ok('service', `The unit ${UNIT} starts ${first}.`);
  const fix = `Put the path that \`which forgelight\` gives into its ExecStart: systemctl --user edit --full forgelight, ${again}`;
  return problem('service', `The unit ${UNIT} starts ${first}, which is not there.`, fix);
}

/** The manager of a user's services has a PATH of its own: what a shell's start-up files add to theirs it does not know. */
async function checkByName(machine: Machine, name: string, unit: Unit, again: string): Promise<Finding> {
  const given = unit.environment().get('PATH')?.split(':');
  for (const folder of given ?? MANAGER_PATH) {
    if ((await machine.access(`${folder}/${name}`)).is !== 'absent') {
      return ok('service', `The unit ${UNIT} starts ${folder}/${name}.`);
    }
  }
  const what = `The unit ${UNIT} starts "${name}", which is not in the service’s PATH.`;
  const folders = (machine.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => folder.startsWith('/') && !folder.includes('/node_modules/'));
  for (const folder of folders) {
    if ((await machine.access(`${folder}/${name}`)).is === 'absent') continue;
    const fix = `Say where it and node are: systemctl --user edit forgelight, with [Service] and Environment=PATH=${folder}:/usr/local/bin:/usr/bin:/bin, ${again}`;
    return problem('service', what, fix);
  }
  return problem('service', what, `Install it for all: sudo npm install -g forgelight, ${again}`);
}

const MANAGER_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** A sandbox that hides the GPU. */
function checkSandbox(unit: Unit): readonly Finding[] {
  if (!unit.isOn('PrivateDevices')) return [];
  const fix = 'Take that line out: systemctl --user edit --full forgelight, then systemctl --user restart forgelight';
  return [problem('service', `The unit ${UNIT} has PrivateDevices=, which hides the GPU.`, fix)];
}

/** A sandbox that nothing is written from but where it says so: loads leave their locks in the folder of models, which has to be there before it. */
async function checkModels(machine: Machine, unit: Unit): Promise<readonly Finding[]> {
  const { env, home } = machine;
  if (unit.last('ProtectHome') !== 'read-only' && !unit.isOn('ProtectHome')) return [];
  const folder = env['FORGELIGHT_MODELS'] || `${env['XDG_DATA_HOME'] || `${home}/.local/share`}/forgelight/models`;
  const isWithin = (lists: readonly string[]): boolean =>
    lists
      .flatMap(wordsOf)
      .map((path) => path.replace(/^[-+]+/, ''))
      .some((path) => path !== '' && `${folder}/`.startsWith(`${path}/`));
  if (!isWithin(unit.all('ReadWritePaths'))) {
    const isNamed = env['FORGELIGHT_MODELS'] !== undefined && !unit.environment().has('FORGELIGHT_MODELS');
    const lines = `ReadWritePaths=${folder}${isNamed ? ` and Environment=FORGELIGHT_MODELS=${folder}` : ''}`;
    const fix = `Let it: mkdir -p ${folder}, then systemctl --user edit forgelight, with [Service] and ${lines}, then systemctl --user restart forgelight`;
    return [problem('service', `The service may not write to the folder of models, ${folder}.`, fix)];
  }
  const made = unit.all('ExecStartPre').map((command) => / mkdir -p (.*)$/.exec(command)?.[1] ?? '');
  if (isWithin(made) || (await machine.access(folder)).is !== 'absent') return [];
  const what = `The folder of models, ${folder}, is not there: made while the service runs, it stays read-only to that.`;
  return [warning('service', what, `Make it now: mkdir -p ${folder} && systemctl --user restart forgelight`)];
}

/** Where systemd keeps a user's state: before version 254 beside the configuration, where no command looks. */
async function checkState(machine: Machine, unit: Unit): Promise<readonly Finding[]> {
  const { env, home } = machine;
  if (env['FORGELIGHT_STATE'] || unit.environment().get('FORGELIGHT_STATE')?.startsWith('%S/') !== true) return [];
  const folder = `${env['XDG_CONFIG_HOME'] || `${home}/.config`}/forgelight`;
  if ((await machine.read(`${folder}/daemon.json`)).is === 'absent') return [];
  const fix = `Tell them, also in ~/.profile: export FORGELIGHT_STATE=${folder}`;
  return [warning('service', `The service keeps its state in ${folder}, where the commands do not look.`, fix)];
}
