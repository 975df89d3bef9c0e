import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { examine, type Known, type KnownHip } from './examine';
import { nodeMachine, type Machine } from './machine';
import { reportOf } from './report';
import { dumpedMachine } from './testing/dumped-machine';
import { gfxName, overrideOf } from './topology';

const build = pathToFileURL(resolve('scripts/lib/hip-build.mjs')).href;
const { TARGETS } = (await import(build)) as { readonly TARGETS: readonly string[] };

/** What is known, with HIP's answers as they come. */
type Told = Omit<Known, 'askHip'> & KnownHip;

const KNOWN: Told = {
  libraries: ['libamdhip64.so.7', 'libamdhip64.so.6', 'libamdhip64.so.5', 'libamdhip64.so'],
  hasKoffi: true,
  targets: TARGETS,
  hip: { is: 'asked', gpus: [] },
  selfTest: { is: 'never' },
  upstreams: [],
};
const look = (machine: Machine, { hip, selfTest, ...known }: Told) =>
  examine(machine, { ...known, askHip: () => Promise.resolve({ hip, selfTest }) });
const hip = (...gpus: (readonly [gfx: string, name: string])[]): Told['hip'] => ({
  is: 'asked',
  gpus: gpus.map(([gfx, name]) => ({ gfx, name })),
});
const XTX = ['gfx1100', 'AMD Radeon RX 7900 XTX'] as const;
const R9700 = ['gfx1201', 'AMD Radeon AI PRO R9700'] as const;
const DIED: Told['hip'] = { is: 'failed', reason: 'the process died of SIGABRT' };
const passed = { is: 'passed' as const, device: 'gfx1100', without: [] };

describe('forgelight doctor', () => {
  it.each<[string, Partial<Told>, readonly string[]]>([
    ['rx-7900-xtx', { hip: hip(XTX), selfTest: passed }, ['hip']],
    ['780m', { hip: hip(['gfx1103', 'AMD Radeon 780M']), selfTest: { ...passed, device: 'gfx1103' } }, ['hip']],
    ['strix-halo', { hip: DIED }, []],
    ['strix-halo-and-r9700', { hip: hip(R9700), selfTest: { ...passed, device: 'gfx1201' } }, ['hip']],
    ['r9700-plugged-in-later', { hip: hip(R9700), selfTest: { ...passed, device: 'gfx1201' } }, ['hip']],
    ['three-cards', { hip: hip(XTX), selfTest: passed }, ['hip']],
    ['mi300x', { hip: hip(['gfx942', 'AMD Instinct MI300X']), selfTest: { ...passed, device: 'gfx942' } }, ['hip']],
    ['no-amd-gpu', { upstreams: [{ name: 'http://127.0.0.1:8080', failure: null, models: 2 }] }, ['upstream']],
    ['second-card-kept-for-vm', { hip: hip(XTX), selfTest: passed }, ['hip']],
    ['container-with-one-card', { hip: hip(XTX), selfTest: passed }, ['hip']],
    ['container-without-kfd', {}, []],
    ['no-permission', { hip: hip() }, []],
    ['rx-580', {}, []],
    ['raven-and-fiji', { hip: hip() }, []],
    ['w6600m-and-intel', {}, []],
    ['strix-point', {}, []],
    ['krackan', {}, []],
    ['driver-not-loaded', {}, []],
    ['kept-for-vm', {}, []],
    ['wsl', { hip: DIED }, []],
  ])('says of %s what is right, what is not, and what to type', async (name, known, answers) => {
    const diagnosis = await look(dumpedMachine(name), { ...KNOWN, ...known });
    expect(diagnosis.answers).toEqual(answers);
    await expect(reportOf(diagnosis)).toMatchFileSnapshot(resolve(`test/fixtures/doctor/${name}.report`));
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ HSA_OVERRIDE_GFX_VERSION: '' }, /PROBLEM +HSA_OVERRIDE_GFX_VERSION is set to nothing.*\n +→ .*unset HSA/],
    [{ HSA_OVERRIDE_GFX_VERSION: 'gfx1100' }, /PROBLEM +.*"gfx1100", which is no version\.\n +→ .*unset HSA/],
    [{ HSA_OVERRIDE_GFX_VERSION: '11.0.0' }, /WARNING +.*which the GPU is anyway\.\n +→ .*unset HSA/],
    [
      { HSA_OVERRIDE_GFX_VERSION: '11.0.3' },
      /info +Kernels for gfx1103 are used for gfx1100, as HSA_.*\n[^]*info +.*every GPU is taken for gfx1103/,
    ],
    [
      { HSA_OVERRIDE_GFX_VERSION: '11.0.1' },
      /PROBLEM +There are no kernels for gfx1101, as which HSA_OVERRIDE_GFX_VERSION shows gfx1100\.\n +→ .*unset HSA/,
    ],
    [
      { HSA_OVERRIDE_GFX_VERSION: '10.3.0' },
      /PROBLEM +.*10\.3\.0: gfx1100 is taken for gfx1030, whose instructions are others\.\n +→ .*unset HSA/,
    ],
    [{ HIP_VISIBLE_DEVICES: '' }, /PROBLEM +HIP_VISIBLE_DEVICES is set to nothing.*\n +→ .*unset HIP/],
    [{ HIP_VISIBLE_DEVICES: '-1' }, /PROBLEM +HIP_VISIBLE_DEVICES is -1, but there is one GPU, 0/],
    [{ ROCR_VISIBLE_DEVICES: '0,1' }, /WARNING +ROCR_VISIBLE_DEVICES is 0,1.*: from 1 on none is used/],
    [{ ROCR_VISIBLE_DEVICES: '1,0' }, /PROBLEM +ROCR_VISIBLE_DEVICES is 1,0, but there is one GPU, 0: all are hidden/],
    [{ ROCR_VISIBLE_DEVICES: 'GPU-1234' }, /info +ROCR_VISIBLE_DEVICES is GPU-1234/],
    [{ HIP_VISIBLE_DEVICES: '0' }, /info +HIP_VISIBLE_DEVICES is 0/],
  ])('reads the environment %j', async (env, words) => {
    const answers = words.source.startsWith('PROBLEM') ? [] : ['hip'];
    const told = answers.length > 0 ? { hip: hip(XTX), selfTest: passed } : {};
    const diagnosis = await look(dumpedMachine('rx-7900-xtx', env), { ...KNOWN, ...told });
    expect(reportOf(diagnosis)).toMatch(words);
    expect(diagnosis.answers).toEqual(answers);
  });

  it.each<[Partial<Told>, RegExp]>([
    [
      { hip: hip(XTX), selfTest: { ...passed, without: ['IQ1_M'] } },
      /ok +The kernels compute rightly on gfx1100, but for weights in IQ1_M: models that have these are refused\.$/m,
    ],
    [{ hip: DIED }, /HIP does not start: the process died of SIGABRT/],
    [{ hip: hip() }, /HIP starts, and lists no GPU/],
    // Where something above says why, that HIP fails is no news, and there is nothing to test.
    [{ hasKoffi: false, hip: DIED, selfTest: { is: 'never' } }, /→ .*npm install -g koffi\n(?!.*(HIP|self-test))/],
    [{ hip: hip(['gfx1030', 'x']) }, /WARNING +HIP lists gfx1030 \(x\), the kernel gfx1100/],
    [
      { hip: hip(XTX), selfTest: { is: 'failed', device: 'gfx1100', reason: 'matvec.q4_k' } },
      /compute wrongly on gfx1100: matvec.q4_k/,
    ],
    [
      { upstreams: [{ name: 'http://a:1', failure: 'Upstream http://a:1 cannot be reached.', models: 0 }] },
      /PROBLEM +Upstream http:\/\/a:1 cannot be reached\.\n +→ .*curl http:\/\/a:1\/v1\/models/,
    ],
    [
      { upstreams: [{ name: 'http://a:1', failure: null, models: 0 }] },
      /info +http:\/\/a:1 answers, and lists no model/,
    ],
  ])('tells what it was told: %j', async (known, words) => {
    expect(reportOf(await look(dumpedMachine('rx-7900-xtx'), { ...KNOWN, ...known }))).toMatch(words);
  });

  it('lets nothing that others say command the terminal, or look like a line of its own', async () => {
    const upstreams = [
      { name: 'http://a:1', failure: 'Upstream says\u001b[8m\u009bx\nok       All is well.', models: 0 },
    ];
    const report = reportOf(await look(dumpedMachine('no-amd-gpu'), { ...KNOWN, upstreams }));
    expect(report).toContain('PROBLEM  Upstream says\ufffd[8m\ufffdx\n         ok       All is well.\n');
  });

  it('answers with HIP where that has a GPU that has passed, whatever else is wrong', async () => {
    const answers = async (known: Partial<Told>) =>
      (await look(dumpedMachine('rx-7900-xtx'), { ...KNOWN, ...known })).answers;
    expect(await answers({ hip: hip(XTX), selfTest: passed })).toEqual(['hip']);
    expect(await answers({ hip: hip(), selfTest: passed })).toEqual([]);
    expect(await answers({ hip: DIED, selfTest: passed })).toEqual([]);
    expect(await answers({ hip: hip(XTX) })).toEqual([]);
  });

  it('does not take a card that HIP does not need for the reason why HIP fails', async () => {
    for (const name of ['second-card-kept-for-vm', 'container-with-one-card'])
      expect(reportOf(await look(dumpedMachine(name), { ...KNOWN, hip: DIED }))).toMatch(
        /^PROBLEM +HIP does not start/m,
      );
  });

  it('looks at what can be seen without a GPU, and asks for nothing that takes one', async () => {
    const env = { HSA_OVERRIDE_GFX_VERSION_1: '10.3.0', HIP_VISIBLE_DEVICES: '' };
    const denied = { is: 'denied' as const };
    const machine = { ...dumpedMachine('no-amd-gpu', env), access: () => Promise.resolve(denied) };
    const report = reportOf(await look(machine, { ...KNOWN, hasKoffi: false }));
    expect(report).toMatch(/PROBLEM +\/dev\/dri\/renderD128 is there, but this user may not .*\n +→ .*usermod/);
    expect(report).toMatch(/WARNING +HSA_OVERRIDE_GFX_VERSION_1 is 10\.3\.0, and there is no such GPU/);
    expect(report).toMatch(/info +HIP_VISIBLE_DEVICES is set to nothing, which hides every GPU\.\n(?! +→)/);
    expect(report).toMatch(/info +The package koffi, through which HIP is called, is not installed\.\n(?! +→)/);
    expect(report).not.toMatch(/kfd|selftest/);
  });

  it('counts the GPUs that may not be used from here', async () => {
    const machine = dumpedMachine('mi300x');
    const withAnother: Machine = {
      ...machine,
      list: async (folder) => [...(await machine.list(folder)), ...(folder.endsWith('/topology/nodes') ? ['99'] : [])],
      read: (path) => (path.includes('/nodes/99/') ? Promise.resolve({ is: 'denied' }) : machine.read(path)),
    };
    expect(reportOf(await look(withAnother, KNOWN))).toContain(
      '2 more GPUs of this computer may not be used from here.',
    );
  });

  it('names a library that was chosen and is not there', async () => {
    const env = { FORGELIGHT_HIP_LIBRARY: '/opt/none.so' };
    const diagnosis = await look(dumpedMachine('rx-7900-xtx', env), { ...KNOWN, libraries: ['/opt/none.so'] });
    expect(reportOf(diagnosis)).toMatch(/FORGELIGHT_HIP_LIBRARY is \/opt\/none\.so, and that is not there/);
  });

  it.each<[NodeJS.Platform, RegExp]>([
    ['darwin', /Linux and Windows alone/],
    ['win32', /HIP lists gfx1100/],
  ])('knows what can be looked at on %s', async (platform, words) => {
    const machine = { ...dumpedMachine('no-amd-gpu'), platform };
    expect(reportOf(await look(machine, { ...KNOWN, hip: hip(XTX) }))).toMatch(words);
  });

  it('looks at a real tree: files, links, folders and what is missing', async () => {
    const root = await mkdtemp(join(tmpdir(), 'forgelight-doctor-'));
    try {
      const device = join(root, 'sys/bus/pci/devices/card');
      await mkdir(device, { recursive: true });
      for (const [name, text] of [
        ['vendor', '0x1002\n'],
        ['class', '0x030000\n'],
        ['device', '0x744c\n'],
      ] as const) {
        await writeFile(join(device, name), text);
      }
      await symlink('../../drivers/vfio-pci', join(device, 'driver'));
      await mkdir(join(root, 'sys/module/amdgpu'), { recursive: true });
      await writeFile(join(root, 'sys/module/amdgpu/refcnt'), '0\n');
      const machine = { ...nodeMachine({}, root), platform: 'linux' as const };
      expect(reportOf(await look(machine, KNOWN))).toMatch(
        /^PROBLEM +AMD GPU 1002:744c at card has the driver vfio-pci/,
      );
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('names of architectures', () => {
  it.each([
    [110000, 'gfx1100', '11.0.0'],
    [110501, 'gfx1151', '11.5.1'],
    [90402, 'gfx942', '9.4.2'],
    [90010, 'gfx90a', '9.0.10'],
    [100306, 'gfx1036', '10.3.6'],
    [80003, 'gfx803', '8.0.3'],
  ])('%i is %s', (version, gfx, override) => {
    expect([gfxName(version), overrideOf(gfx)]).toEqual([gfx, override]);
  });
});
