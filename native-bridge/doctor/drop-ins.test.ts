import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkService } from './check-service';
import type { Finding } from './finding';
import { nodeMachine } from './machine';

const UNIT = 'forgelight.service';
const START = '[Service]\nExecStart=/usr/bin/forgelight serve\n';
/** What the manager of a user's services searches, the first to count first. Source: systemd.unit(5), its second table. */
const SEARCHED = [
  '/u/.config/systemd/user.control',
  '/run/user/7/systemd/user.control',
  '/run/user/7/systemd/transient',
  '/run/user/7/systemd/generator.early',
  '/u/.config/systemd/user',
  '/etc/xdg/systemd/user',
  '/etc/systemd/user',
  '/run/user/7/systemd/user',
  '/run/systemd/user',
  '/run/user/7/systemd/generator',
  '/u/.local/share/systemd/user',
  '/usr/local/share/systemd/user',
  '/usr/share/systemd/user',
  '/usr/local/lib/systemd/user',
  '/usr/lib/systemd/user',
  '/run/user/7/systemd/generator.late',
];
const [OWN, VENDOR] = ['/u/.config/systemd/user', '/usr/lib/systemd/user'];
const HIDES = '[Service]\nPrivateDevices=yes\n';
const SHOWS = '[Service]\nPrivateDevices=no\n';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'forgelight-doctor-'));
});
afterEach(() => rm(root, { recursive: true }));

/** What is found with these files: a text, or where a link leads. */
async function found(
  files: Readonly<Record<string, string | { readonly to: string }>>,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return (await findings(files, env)).map(({ what }) => what).join('\n');
}

async function findings(
  files: Readonly<Record<string, string | { readonly to: string }>>,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly Finding[]> {
  for (const [path, file] of Object.entries({ [`${VENDOR}/${UNIT}`]: START, ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (typeof file === 'string') await writeFile(join(root, path), file);
    else await symlink(file.to, join(root, path));
  }
  const machine = nodeMachine({ HOME: '/u', XDG_RUNTIME_DIR: '/run/user/7', ...env }, root);
  return checkService(machine);
}

const dropIn = (folder: string, name = '50.conf', of = UNIT): string => `${folder}/${of}.d/${name}`;
const HIDDEN = 'hides the GPU';
const pairs = SEARCHED.slice(1).map((folder, i) => [SEARCHED[i] ?? '', folder] as const);

describe('drop-ins of the service', () => {
  it.each(SEARCHED)('are read in %s', async (folder) => {
    expect(await found({ [dropIn(folder)]: HIDES })).toContain(HIDDEN);
  });

  it.each(pairs)('of %s count before those of the same name in %s', async (first, second) => {
    expect(await found({ [dropIn(first)]: SHOWS, [dropIn(second)]: HIDES })).not.toContain(HIDDEN);
    expect(await found({ [dropIn(first, '60.conf')]: HIDES, [dropIn(second, '60.conf')]: SHOWS })).toContain(HIDDEN);
  });

  it('are put in the order of their names, wherever they are', async () => {
    expect(await found({ [dropIn(OWN, '10.conf')]: SHOWS, [dropIn(VENDOR, '9.conf')]: HIDES })).toContain(HIDDEN);
    expect(await found({ [dropIn(VENDOR, '90.conf')]: SHOWS })).not.toContain(HIDDEN);
    expect(await found({ [dropIn(OWN, '91.conf')]: HIDES })).toContain(HIDDEN);
  });

  it.each<[string, string | { readonly to: string }]>([
    ['an empty one', ''],
    ['a link to /dev/null', { to: '/dev/null' }],
  ])('are switched off by %s of the same name', async (_, mask) => {
    expect(await found({ [dropIn(VENDOR)]: HIDES, [dropIn('/etc/systemd/user')]: mask })).not.toContain(HIDDEN);
  });

  it('of all services count too, and less than its own of the same name', async () => {
    const ofAll = (folder: string): string => dropIn(folder, '50.conf', 'service');
    expect(await found({ [ofAll('/etc/systemd/user')]: HIDES })).toContain(HIDDEN);
    expect(await found({ [dropIn(VENDOR)]: SHOWS })).not.toContain(HIDDEN);
  });

  it('lie where variables say', async () => {
    const env = {
      XDG_CONFIG_HOME: '/c',
      XDG_CONFIG_DIRS: '/x:/y',
      XDG_DATA_HOME: '/d',
      XDG_DATA_DIRS: '/v:/w',
      XDG_RUNTIME_DIR: '',
    };
    const folders = [
      '/c/systemd/user.control',
      '/c/systemd/user',
      ...['x', 'y', 'd', 'v', 'w'].map((name) => `/${name}/systemd/user`),
    ];
    for (const [i, folder] of folders.toReversed().entries()) {
      // The last one that was written is the first to count.
      expect(await found({ [dropIn(folder)]: i % 2 === 0 ? HIDES : SHOWS }, env)).toMatch(
        i % 2 === 0 ? HIDDEN : /^(?![^]*hides)/,
      );
    }
    await rm(join(root), { recursive: true });
    expect(await found({ [dropIn(OWN)]: HIDES, [dropIn('/systemd/user')]: HIDES }, env)).not.toContain(HIDDEN);
  });
});

describe('the unit of the service', () => {
  it.each(pairs)('of %s counts before that of %s', async (first, second) => {
    const files = { [`${first}/${UNIT}`]: `${START}PrivateDevices=yes\n`, [`${second}/${UNIT}`]: START };
    expect(await found(files)).toContain(HIDDEN);
  });

  it.each(SEARCHED)('starts with the session where a link of %s says so', async (folder) => {
    const link = { [`${folder}/default.target.wants/${UNIT}`]: { to: `${VENDOR}/${UNIT}` } };
    expect(await found({})).toContain('does not start with');
    expect(await found(link)).toContain('It starts with');
  });
});

describe('a unit that is masked', () => {
  const AGAIN = 'then systemctl --user daemon-reload && systemctl --user enable --now forgelight';

  it.each([
    ['/u/.config/systemd/user', 'systemctl --user unmask forgelight'],
    ['/run/user/7/systemd/user', 'systemctl --user --runtime unmask forgelight'],
    ['/etc/systemd/user', 'sudo systemctl --global unmask forgelight'],
    ['/etc/xdg/systemd/user', `sudo rm /etc/xdg/systemd/user/${UNIT}`],
    ['/u/.local/share/systemd/user', `rm /u/.local/share/systemd/user/${UNIT}`],
  ])('in %s is told as that, with what takes it off', async (folder, command) => {
    const path = `${folder}/${UNIT}`;
    for (const mask of ['', { to: '/dev/null' }]) {
      const { what, fix, ...rest } = (await findings({ [path]: mask }))[0] ?? { what: '' };
      expect([what, fix]).toEqual([
        `The unit ${UNIT} is masked by ${path}, so that systemd starts none of it.`,
        `Take the mask off: ${command}, ${AGAIN}`,
      ]);
      expect(rest).toMatchObject({ status: 'warning' });
      expect(await found({ [dropIn(OWN)]: HIDES })).not.toContain('ExecStart');
      await rm(join(root, path));
    }
  });

  it('is one that counts before the others; one behind them masks nothing, nor does a file of comments', async () => {
    expect(await found({ [`${OWN}/${UNIT}`]: START, [`/etc/systemd/user/${UNIT}`]: '' })).not.toContain('masked');
    expect(await found({ [`${OWN}/${UNIT}`]: '# nothing\n' })).toContain('has no ExecStart');
  });
});
