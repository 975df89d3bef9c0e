import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { examine, type Known, type KnownHip } from './examine';
import type { Machine, Seen } from './machine';
import { reportOf } from './report';
import { dumpedMachine } from './testing/dumped-machine';

const asked = (gfx: string) => ({ hip: { is: 'asked' as const, gpus: [{ gfx, name: 'AMD Radeon' }] } });
const KNOWN: Known = {
  libraries: ['libamdhip64.so.6'],
  hasKoffi: true,
  targets: ['gfx1100', 'gfx1030'],
  askHip: () =>
    Promise.resolve({ ...asked('gfx1100'), selfTest: { is: 'passed' as const, without: [], device: 'gfx1100' } }),
  upstreams: [],
};

/** A dumped machine with other files; `null`: one that is not there, or may not be read where its path begins with `!`. */
function changed(name: string, files: Readonly<Record<string, string | null>>, env: Machine['env'] = {}): Machine {
  const machine = dumpedMachine(name, env);
  const seen = <T>(path: string, value: T, usual: Promise<Seen<T>>): Promise<Seen<T>> => {
    if (Object.hasOwn(files, `!${path}`)) return Promise.resolve({ is: 'denied' });
    if (!Object.hasOwn(files, path)) return usual;
    return Promise.resolve(files[path] === null ? { is: 'absent' } : { is: 'there', value });
  };
  return {
    ...machine,
    read: (path) => seen(path, files[path] ?? '', machine.read(path)),
    access: (path) => seen(path, null, machine.access(path)),
    list: async (path) => {
      const own = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      return [...(await machine.list(path)), ...own.map((name) => name.slice(path.length + 1))];
    },
  };
}

const report = async (machine: Machine, known: Partial<Known> = {}): Promise<string> =>
  reportOf(await examine(machine, { ...KNOWN, ...known }));

const R9700_AND_8060S = { targets: ['gfx1030', 'gfx1100', 'gfx1151', 'gfx1201'] };
const NODES = '/sys/class/kfd/kfd/topology/nodes';
const NODE = `${NODES}/1/properties`;
const UNIT = '/u/.config/systemd/user/forgelight.service';
const START = 'ExecStart=/usr/bin/env forgelight serve --json\n';
const XTX = 'rx-7900-xtx';

describe('what stands around a GPU', () => {
  it.each<[string, Machine, RegExp]>([
    [
      'LXC',
      changed('container-without-kfd', { '/run/.containerenv': null, '/run/systemd/container': 'lxc\n' }),
      /→ .*incus config device add NAME gpu gpu gid=GID .*pct set ID --dev0 \/dev\/kfd/,
    ],
    [
      'Kubernetes',
      changed('container-without-kfd', {}, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }),
      /→ .*amd\.com\/gpu: 1/,
    ],
    ['Docker', changed('no-permission', { '/.dockerenv': '' }), /→ .*docker run .*--group-add \$\(getent group render/],
    [
      'Podman',
      changed('no-permission', {}, { container: 'podman' }),
      /→ .*usermod -aG render,video .*--group-add keep-groups/,
    ],
    [
      'a pod without the group',
      changed('no-permission', {}, { KUBERNETES_SERVICE_HOST: 'x' }),
      /→ .*supplementalGroups/,
    ],
  ])('in %s it says how the devices get in', async (_name, machine, words) => {
    expect(await report(machine)).toMatch(words);
  });

  it('knows Linux inside Windows, where HIP may have the GPUs of Windows', async () => {
    const failed = { hip: { is: 'failed' as const, reason: 'x' }, selfTest: { is: 'never' as const } };
    const found = { ...asked('gfx1101'), selfTest: { is: 'passed' as const, without: [], device: 'gfx1101' } };
    const ask = (told: KnownHip) => ({ libraries: ['libamdhip64.so.7'], askHip: () => Promise.resolve(told) });
    const without = await report(changed('wsl', { '/dev/dxg': null }), ask(found));
    expect(without).toMatch(/^PROBLEM +This is Linux inside Windows.*\n +→ .*PowerShell: npx forgelight serve$/m);
    expect(await report(dumpedMachine('wsl'), ask(failed))).toMatch(/^PROBLEM +.*\n +→ .*PowerShell.*HSA_ENABLE_DXG/);
    expect(await report(dumpedMachine('wsl'), ask(found))).toMatch(
      /^info +This is Linux inside Windows.*[^]*HIP lists gfx1101[^]*compute rightly[^]*by this GPU\.$/m,
    );
  });

  it('sees that one variable for all GPUs gives some of them kernels that they cannot run', async () => {
    // As in the report that the dump follows: the GPU of the processor is shown as the card.
    const text = await report(
      dumpedMachine('strix-halo-and-r9700', { HSA_OVERRIDE_GFX_VERSION: '12.0.1' }),
      R9700_AND_8060S,
    );
    expect(text).toMatch(
      /WARNING +HSA_OVERRIDE_GFX_VERSION is 12\.0\.1: gfx1151 is taken for gfx1201, whose instructions are others\.\n +→ .*unset HSA_OVERRIDE_GFX_VERSION$/m,
    );
    expect(text).not.toContain('is anyway');
    expect(
      await report(dumpedMachine('three-cards', { HSA_OVERRIDE_GFX_VERSION_4: '10.3.0' }), R9700_AND_8060S),
    ).toMatch(/info +HSA_OVERRIDE_GFX_VERSION_4 is 10\.3\.0: that GPU is taken for gfx1030/);
    expect(await report(dumpedMachine('three-cards', { HSA_OVERRIDE_GFX_VERSION: '10.3.0' }))).toMatch(
      /PROBLEM +.*: gfx1100 and gfx1201 are taken for gfx1030, whose.*\n +→ .*unset HSA_OVERRIDE_GFX_VERSION\. For one GPU alone: HSA_OVERRIDE_GFX_VERSION_4=10\.3\.0 forgelight serve/,
    );
  });

  it('knows a runtime that is older than the GPU, and does not tell to install one', async () => {
    const libraries = ['libamdhip64.so.7', 'libamdhip64.so.5'];
    const five = { '/usr/lib/x86_64-linux-gnu/libamdhip64.so.5': '' };
    const withKernels = { libraries, targets: ['gfx1151', 'gfx1032'] };
    expect(await report(changed('strix-halo', five), withKernels)).toMatch(
      /PROBLEM +.*libamdhip64\.so\.5, which is older than gfx1151\.\n +→ .*hip-runtime-amd of AMD’s repository/,
    );
    expect(await report(dumpedMachine('strix-halo'), withKernels)).toMatch(/→ Install it: .*of AMD’s repository/);
    expect(await report(changed('w6600m-and-intel', five), withKernels)).toMatch(/ok +AMD’s HIP runtime is .*so\.5/);
    // Of several cards it may know some.
    const cards = changed('three-cards', { ...five, '/etc/ld.so.cache': '' });
    expect(await report(cards, { libraries, targets: ['gfx1100'] })).toMatch(
      /WARNING +.*libamdhip64\.so\.5, which is older than gfx1201\.\n +→ [^]*by this GPU\.$/m,
    );
  });

  it('tells where the compute driver has left the GPU out, or is too old to name it', async () => {
    expect(await report(changed(XTX, { [NODE]: null }))).toMatch(
      /PROBLEM +.*lists no GPU\.\n +→ .*dmesg \| grep kfd.*another|PROBLEM +.*lists no GPU\.\n +→ .*PCI rejects atomics/,
    );
    const text = await report(dumpedMachine('raven-and-fiji'));
    expect(text).toMatch(/PROBLEM +.*does not say which architecture.*\n +→ .*newer kernel/);
    expect(text).not.toContain('gfx000');
    const old = (await dumpedMachine(XTX).read(NODE)) as { readonly value: string };
    const nameless = old.value.replace('gfx_target_version 110000', 'gfx_target_version 0');
    expect(await report(changed(XTX, { [`${NODES}/2/properties`]: nameless, [`${NODES}/2`]: '' }))).toMatch(
      /WARNING +.*which architecture the GPU is[^]*by this GPU\.$/m,
    );
    // Where the driver itself is not there, that is what is said.
    expect(await report(changed(XTX, { [NODE]: null, '/dev/kfd': null }))).not.toContain('lists no GPU');
  });

  it('advises nothing that cannot help: no test of a GPU without kernels, or that HIP does not list', async () => {
    const told: KnownHip = { hip: { is: 'asked', gpus: [] }, selfTest: { is: 'never' } };
    const askHip = () => Promise.resolve(told);
    expect(await report(dumpedMachine('no-permission'), { askHip })).not.toMatch(/lists no GPU|self-test/);
    const never = () => Promise.reject(new Error('HIP is asked'));
    const krackan = await report(dumpedMachine('krackan'), { askHip: never, hasKoffi: false });
    expect(krackan).not.toMatch(/koffi|self-test|HIP runtime/);
    expect(await report(dumpedMachine('w6600m-and-intel'), { askHip: never })).toMatch(
      /→ .*export HSA_OVERRIDE_GFX_VERSION=10\.3\.0 && forgelight selftest && forgelight serve$/m,
    );
    const env = { HSA_OVERRIDE_GFX_VERSION: '10.3.0' };
    expect(await report(dumpedMachine('w6600m-and-intel', env), { libraries: ['libamdhip64.so.5'] })).toMatch(
      /info +Kernels for gfx1030 are used for gfx1032[^]*by this GPU\.$/m,
    );
  });

  it('tells where an installation has no kernels at all', async () => {
    expect(await report(dumpedMachine(XTX), { targets: [] })).toMatch(
      /PROBLEM +This installation of Forgelight has no kernels.*\n +→ .*npm install -g forgelight/,
    );
  });

  it.each<[Record<string, string>, RegExp]>([
    [
      { HSA_OVERRIDE_GFX_VERSION_1: '11.0.2' },
      /info +HSA_OVERRIDE_GFX_VERSION_1 is 11\.0\.2: that GPU is taken for gfx1102/,
    ],
    [
      { HSA_OVERRIDE_GFX_VERSION_1: '11.0.0' },
      /WARNING +HSA_OVERRIDE_GFX_VERSION_1 is 11\.0\.0, which the GPU is anyway/,
    ],
    [
      { HSA_OVERRIDE_GFX_VERSION_0: '11.0.0' },
      /WARNING +HSA_OVERRIDE_GFX_VERSION_0 is 11\.0\.0, and there is no such GPU/,
    ],
    [{ HSA_OVERRIDE_GFX_VERSION: '64.0.0' }, /PROBLEM +.*"64\.0\.0", which is no version/],
    [
      { HIP_VISIBLE_DEVICES: '0', CUDA_VISIBLE_DEVICES: '7' },
      /^(?![^]*CUDA_VISIBLE)[^]*info +HIP_VISIBLE_DEVICES is 0/,
    ],
  ])('reads %j as the runtime does', async (env, words) => {
    expect(await report(dumpedMachine(XTX, env))).toMatch(words);
  });

  it('counts for HIP what the runtime below it shows', async () => {
    const hides = dumpedMachine('strix-halo-and-r9700', { ROCR_VISIBLE_DEVICES: '0,7', HIP_VISIBLE_DEVICES: '1' });
    expect(await report(hides)).toMatch(/WARNING +ROCR_VIS[^]*PROBLEM +HIP_VISIBLE_DEVICES is 1, but there is one GPU/);
    const env = { ROCR_VISIBLE_DEVICES: '1', HIP_VISIBLE_DEVICES: '1' };
    expect(await report(dumpedMachine('strix-halo-and-r9700', env))).toMatch(
      /info +ROCR_VISIBLE_DEVICES is 1[^]*PROBLEM +HIP_VISIBLE_DEVICES is 1, but there is one GPU, 0/,
    );
  });
});

const DROP_IN = `${UNIT}.d/override.conf`;
const MODELS = '/u/.local/share/forgelight/models';
const SANDBOX = `${START}ProtectHome=read-only\nReadWritePaths=-%h/.local/share/forgelight\n`;

describe('the service of systemd', () => {
  it('is looked at where systemd runs, also with nothing in its folder', async () => {
    expect(await report(dumpedMachine(XTX))).toMatch(/ok +The unit forgelight\.service starts \/usr\/bin\/forgelight/);
    expect(await report(changed(XTX, { '/run/systemd/system': null }))).not.toContain('forgelight.service');
  });

  it('does not find what the shell alone finds', async () => {
    const own = '/u/.nvm/versions/node/v24/bin';
    const files = { [UNIT]: START, '/usr/bin/forgelight': null, [`${own}/forgelight`]: '' };
    const text = await report(changed(XTX, files, { PATH: `/u/.npm/_npx/1/node_modules/.bin:${own}` }));
    expect(text).toMatch(
      /PROBLEM +.*not in the service’s PATH\.\n +→ .*Environment=PATH=\/u\/\.nvm\/versions\/node\/v24\/bin:/,
    );
    const nowhere = await report(changed(XTX, { ...files, [`${own}/forgelight`]: null }, { PATH: own }));
    expect(nowhere).toMatch(/not in the service’s PATH\.\n +→ Install it for all/);
    // What it said then has been done.
    const done = { ...files, [DROP_IN]: `[Service]\nEnvironment=PATH=${own}:/usr/bin\n` };
    expect(await report(changed(XTX, done, { PATH: own }))).toMatch(
      /ok +The unit .* starts \/u\/.*v24\/bin\/forgelight/,
    );
  });

  it('has to be able to write where the models are, also to a folder that is made later', async () => {
    const shipped = readFileSync('native-bridge/systemd/forgelight.service', 'utf8');
    expect(await report(changed(XTX, { [UNIT]: shipped }))).not.toMatch(/folder of models/);
    expect(await report(changed(XTX, { [UNIT]: SANDBOX, [MODELS]: '' }))).not.toMatch(/folder of models/);
    expect(await report(changed(XTX, { [UNIT]: SANDBOX }))).toMatch(
      /WARNING +The folder of models, \/u\/\.local\/share\/forgelight\/models, is not there.*\n +→ .*mkdir -p \/u\/\.local\/share\/forgelight\/models && systemctl/,
    );
    const env = { FORGELIGHT_MODELS: '/disk/models' };
    expect(await report(changed(XTX, { [UNIT]: shipped }, env))).toMatch(
      /PROBLEM +The service may not write to .*\/disk\/models\.\n +→ .*ReadWritePaths=\/disk\/models and Environment=FORGELIGHT_MODELS=\/disk\/models/,
    );
    const dropIn = '[Service]\nReadWritePaths=/disk\nEnvironment=FORGELIGHT_MODELS=/disk/models\n';
    const done = { [UNIT]: shipped, [DROP_IN]: dropIn, '/disk/models': '' };
    expect(await report(changed(XTX, done, env))).not.toMatch(/folder of models/);
  });

  it('may hide the GPU, and may keep its state where no command looks', async () => {
    const hidden = await report(changed(XTX, { [UNIT]: `${START}PrivateDevices=yes\n` }));
    expect(hidden).toMatch(/PROBLEM +.*PrivateDevices=, which hides the GPU\.\n +→ Take that line out/);
    const files = {
      [UNIT]: `${START}Environment=FORGELIGHT_STATE=%S/forgelight\n`,
      '/u/.config/forgelight/daemon.json': '{}',
    };
    expect(await report(changed(XTX, files))).toMatch(
      /WARNING +.*where the commands do not look\.\n +→ .*export FORGELIGHT_STATE=/,
    );
    expect(await report(changed(XTX, files, { FORGELIGHT_STATE: '/u/.config/forgelight' }))).not.toContain(
      'do not look',
    );
  });
});

describe('the service of systemd with drop-ins', () => {
  const withDropIn = (unit: string, dropIn: string, more: Readonly<Record<string, string | null>> = {}) =>
    report(changed(XTX, { [UNIT]: unit, [DROP_IN]: `[Service]\n${dropIn}`, ...more }));

  it('starts what the last one says', async () => {
    const own = 'ExecStart=\nExecStart=-"/opt/my apps/forgelight" serve\n';
    expect(await withDropIn(START, own)).toMatch(
      /PROBLEM +The unit .* starts \/opt\/my apps\/forgelight, which is not/,
    );
    expect(await withDropIn(START, own, { '/opt/my apps/forgelight': '' })).toMatch(
      /ok +The unit forgelight\.service starts \/opt\/my apps\/forgelight\.$/m,
    );
    expect(await withDropIn(START, 'ExecStart=\n')).toMatch(/PROBLEM +.*has no ExecStart/);
    expect(await withDropIn(START, 'ExecStart=/bin/x\n')).toMatch(
      /PROBLEM +.*has 2 ExecStart, with which systemd starts none\.\n +→ .*empty line ExecStart= before/,
    );
    const atHome = { '/u/bin/forgelight': '' };
    expect(
      await withDropIn(
        START,
        'ExecStart=\n# what is not meant \\\nExecStart=%h/bin/forgelight \\\n; nor this\n  serve\n',
        atHome,
      ),
    ).toMatch(/ok +The unit .* starts \/u\/bin\/forgelight\.$/m);
  });

  it('hides the GPU as the last one says, in the order of their names', async () => {
    expect(await withDropIn(`${START}PrivateDevices=yes\n`, 'PrivateDevices=no\n')).not.toContain('PrivateDevices');
    expect(await withDropIn(`${START}PrivateDevices=yes\n`, 'PrivateDevices=\n')).not.toContain('PrivateDevices');
    expect(await withDropIn(START, 'PrivateDevices=no\nPrivateDevices = True\n')).toContain('PrivateDevices');
    const files = {
      [`${UNIT}.d/9.conf`]: 'PrivateDevices=no\n',
      [`${UNIT}.d/10.conf`]: 'PrivateDevices=yes\n',
      [UNIT]: START,
    };
    expect(await report(changed(XTX, files))).not.toContain('PrivateDevices');
  });

  it('has the variables of all of them, word for word', async () => {
    const found = { '/usr/bin/forgelight': null, '/u/my bin/forgelight': '' };
    const variables = `Environment=FORGELIGHT_PORT=9000 "PATH=/u/my bin:/usr/bin" 'X=1'\n`;
    expect(await withDropIn(START, variables, found)).toMatch(/ok +The unit .* starts \/u\/my bin\/forgelight\.$/m);
    expect(await withDropIn(START, `${variables}Environment=PATH=/usr/bin\n`, found)).toMatch(
      /not in the service’s PATH/,
    );
    expect(await withDropIn(START, `${variables}Environment=\n`, found)).toMatch(/not in the service’s PATH/);
    const there = { '/u/.config/forgelight/daemon.json': '{}' };
    const state = `${START}Environment=FORGELIGHT_STATE=%S/forgelight\n`;
    expect(await withDropIn(state, 'Environment=X=1\n', there)).toContain('do not look');
    expect(await withDropIn(state, 'Environment=FORGELIGHT_STATE=/u/state\n', there)).not.toContain('do not look');
  });

  it('may write where the lists of all of them say', async () => {
    expect(await withDropIn(SANDBOX, 'ReadWritePaths=/disk\n', { [MODELS]: '' })).not.toMatch(/folder of models/);
    expect(await withDropIn(SANDBOX, 'ReadWritePaths=\nReadWritePaths=/disk\n', { [MODELS]: '' })).toMatch(
      /PROBLEM +The service may not write to the folder of models/,
    );
    expect(await withDropIn(SANDBOX, 'ReadWritePaths=\nProtectHome=no\n')).not.toMatch(/folder of models/);
  });
});

/** In the kernel's order; old kernels, and reports of other programs, have some of it. Source: `node_show` of its kfd_topology.c. */
const FIELDS =
  'cpu_cores_count simd_count mem_banks_count caches_count io_links_count p2p_links_count cpu_core_id_base simd_id_base max_waves_per_simd ' +
  'lds_size_in_kb gds_size_in_kb num_gws wave_front_size array_count simd_arrays_per_engine cu_per_simd_array simd_per_cu max_slots_scratch_cu ' +
  'gfx_target_version vendor_id device_id location_id domain drm_render_minor hive_id num_sdma_engines num_sdma_xgmi_engines ' +
  'num_sdma_queues_per_engine num_cp_queues cwsr_size ctl_stack_size max_engine_clk_fcompute local_mem_size fw_version capability capability2 ' +
  'debug_prop sdma_fw_version unique_id num_xcc max_engine_clk_ccompute';

describe('the dumps', () => {
  const names = readdirSync('test/fixtures/doctor').flatMap((file) => /^(.+)\.txt$/.exec(file)?.[1] ?? []);

  it.each(names)('of %s are written as the kernel writes', async (name) => {
    const machine = dumpedMachine(name);
    const slots = await machine.list('/sys/bus/pci/devices');
    for (const node of await machine.list(NODES)) {
      const [id, chip, properties] = await Promise.all(
        ['gpu_id', 'name', 'properties'].map((file) => machine.read(`${NODES}/${node}/${file}`)),
      );
      // Of a GPU that was not given to a container nothing can be read.
      if (properties?.is === 'denied') expect([id?.is, chip?.is]).toEqual(['denied', 'denied']);
      if (properties?.is !== 'there') continue;
      const pairs = properties.value
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' '));
      const values = new Map(pairs.map(([field = '', value = '']) => [field, value]));
      const fields = pairs.map(([field]) => field);
      expect(fields).toEqual(FIELDS.split(' ').filter((field) => values.has(field)));
      expect([...values.values()].filter((value) => !/^\d+$/.test(value))).toEqual([]);
      const isGpu = values.get('simd_count') !== '0';
      if (id?.is === 'there') expect(id.value.trim() !== '0').toBe(isGpu);
      if (chip?.is === 'there') expect(chip.value.trim() !== '').toBe(isGpu);
      // Of what an old kernel has not set up there are no more than zeros.
      if (isGpu && values.get('vendor_id') !== '0') expect(checkGpu(values, slots)).toEqual([]);
    }
  });

  it.each(names)('of %s tell which report they follow, or which dump they are made from', (name) => {
    const text = readFileSync(`test/fixtures/doctor/${name}.txt`, 'utf8');
    expect(text).toMatch(/^# [^\n]+\n# (Follows [\w.-]+\/[\w.-]+(#\d+| [\w/+.-]+): |Made from [\w-]+: )/);
    expect(/^<< (.+)$/m.exec(text)?.[1]).toBe(/^# Made from ([\w-]+)/m.exec(text)?.[1]);
  });
});

/** What cannot be true of a real one. */
function checkGpu(values: ReadonlyMap<string, string>, slots: readonly string[]): string[] {
  const number = (name: string, other = 0): number => Number(values.get(name) ?? other);
  const mostSimds = number('array_count') * number('cu_per_simd_array') * number('simd_per_cu') * number('num_xcc', 1);
  const bus = Math.floor(number('location_id') / 256);
  return [
    mostSimds > 0 && number('simd_count') > mostSimds ? 'more SIMDs than its arrays have' : '',
    number('vendor_id') === 0x1002 ? '' : 'not of AMD',
    number('drm_render_minor', 128) >= 128 ? '' : 'no render node',
    slots.includes(`0000:${bus.toString(16).padStart(2, '0')}:00.0`) ? '' : 'not on the bus',
    number('simd_per_cu', 4) === (number('wave_front_size', 64) === 64 ? 4 : 2) ? '' : 'SIMDs of another family',
  ].filter((sentence) => sentence !== '');
}
