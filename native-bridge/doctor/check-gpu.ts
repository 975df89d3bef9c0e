import { deviceFix, groupFix, type Container } from './container';
import { info, lessened, ok, problem, warning, type Finding } from './finding';
import type { Machine } from './machine';
import type { Topology } from './topology';

const PCI = '/sys/bus/pci/devices';
const AMD = '0x1002';
/** Display controllers, and processing accelerators as the Instinct cards are. */
const CLASSES = /^0x(03|12)/;

export interface PciGpu {
  readonly slot: string;
  /** `1002:744c`. */
  readonly id: string;
  /** `null`: none has taken it. */
  readonly driver: string | null;
}

export async function readPciGpus(machine: Machine): Promise<readonly PciGpu[]> {
  const gpus: PciGpu[] = [];
  // Their numbers are of base 16.
  for (const slot of (await machine.list(PCI)).toSorted()) {
    const [vendor, kind, device] = await Promise.all(
      ['vendor', 'class', 'device'].map(async (name) => {
        const file = await machine.read(`${PCI}/${slot}/${name}`);
        return file.is === 'there' ? file.value.trim() : '';
      }),
    );
    if (vendor !== AMD || !CLASSES.test(kind ?? '')) continue;
    const driver = (await machine.link(`${PCI}/${slot}/driver`))?.split('/').at(-1) ?? null;
    gpus.push({ slot, id: `1002:${(device ?? '').replace(/^0x/, '')}`, driver });
  }
  return gpus;
}

/** Whether HIP may find one here: on the bus, or one of Windows. */
export async function mayHaveGpu(machine: Machine): Promise<boolean> {
  return (await readPciGpus(machine)).length > 0 || hasGpusOfWindows(machine);
}

/** Linux inside Windows has no bus with a GPU, and a device for those of Windows. */
export async function hasGpusOfWindows(machine: Machine): Promise<boolean> {
  return (await isInsideWindows(machine)) && (await machine.access('/dev/dxg')).is !== 'absent';
}

/** The cards, and the kernel's driver of each. */
export async function checkGpu(machine: Machine, pci: readonly PciGpu[]): Promise<readonly Finding[]> {
  if (pci.length === 0) {
    if (await isInsideWindows(machine)) {
      const what = 'This is Linux inside Windows (WSL), which has no AMD GPU on its PCI bus.';
      return [problem('gpu', what, await fixInsideWindows(machine))];
    }
    const fix =
      'Let pages use the GPU themselves (WebGPU): open the chat page and load a model there. Or answer with a server elsewhere: forgelight serve --upstream http://HOST:PORT';
    return [problem('gpu', 'There is no AMD GPU on the PCI bus of this computer.', fix)];
  }
  const module = await machine.list('/sys/module/amdgpu');
  if (module.length === 0 && pci.every(({ driver }) => driver === null)) {
    const found = pci.map(({ id, slot }) => `${id} at ${slot}`).join(', ');
    const fix = 'Load it: sudo modprobe amdgpu. If that fails, the system’s log says why: sudo dmesg | grep amdgpu';
    return [problem('gpu', `There is an AMD GPU (${found}), but the kernel’s driver amdgpu is not loaded.`, fix)];
  }
  const wrong = pci.some(({ driver }) => driver === 'amdgpu') ? warning : problem;
  return pci.map(({ id, slot, driver }) => {
    const name = `AMD GPU ${id} at ${slot}`;
    if (driver === 'amdgpu') return ok('gpu', `${name}, with the driver amdgpu.`);
    if (driver === null) {
      const fix = `Look why it was not taken: sudo dmesg | grep -e amdgpu -e ${slot}`;
      return wrong('gpu', `${name} has no driver.`, fix);
    }
    const fix = `It is kept for virtual machines. To use it here, take 'vfio-pci.ids=${id}' out of the kernel’s command line and restart.`;
    return driver === 'vfio-pci'
      ? wrong('gpu', `${name} has the driver vfio-pci.`, fix)
      : wrong('gpu', `${name} has the driver ${driver}.`, `Use amdgpu instead: sudo modprobe amdgpu, then restart.`);
  });
}

/** What the kernel offers programs of the GPU, and whether this user may have it. */
export async function checkAccess(
  machine: Machine,
  topology: Topology,
  container: Container | null,
): Promise<readonly Finding[]> {
  const kfd = await checkNode(machine, 'kfd', '/dev/kfd', container);
  const minors = new Set(topology.gpus.map(({ renderMinor }) => renderMinor).filter((minor) => minor > 0));
  const nodes = minors.size > 0 ? [...minors].map((minor) => `renderD${minor}`) : await renderNodes(machine);
  if (nodes.length === 0) nodes.push('renderD128');
  const render = await Promise.all(nodes.map((node) => checkNode(machine, 'render', `/dev/dri/${node}`, container)));
  const isOneThere = render.some(({ status }) => status === 'ok');
  const findings = [kfd, ...(isOneThere ? render.map(lessened) : render), ...checkTopology(topology, kfd)];
  if (topology.hidden > 0) {
    const more = topology.hidden === 1 ? 'One more GPU' : `${topology.hidden} more GPUs`;
    findings.push(info('topology', `${more} of this computer may not be used from here.`));
  }
  return findings;
}

/** Whether this user may have what there is of GPUs that are not AMD's. */
export async function checkRenderNodes(machine: Machine, container: Container | null): Promise<readonly Finding[]> {
  const nodes = await renderNodes(machine);
  return Promise.all(nodes.map((node) => checkNode(machine, 'render', `/dev/dri/${node}`, container)));
}

async function renderNodes(machine: Machine): Promise<string[]> {
  return (await machine.list('/dev/dri')).filter((name) => name.startsWith('renderD'));
}

/** What the compute driver says of the GPUs; nothing where it is not there. */
function checkTopology({ gpus, hidden, nameless }: Topology, kfd: Finding): readonly Finding[] {
  if (kfd.what.endsWith(ABSENT)) return [];
  if (gpus.length + hidden + nameless === 0) {
    const fix =
      'Look why it left this one out: sudo dmesg | grep kfd. Where that says "PCI rejects atomics", put the card into a slot that is wired to the processor; some boards have a setting for it';
    return [problem('topology', 'The kernel’s compute driver lists no GPU.', fix)];
  }
  if (nameless === 0) return [];
  const what = 'The kernel’s compute driver does not say which architecture the GPU is: it is an old one.';
  const wrong = gpus.length > 0 ? warning : problem;
  return [wrong('topology', what, 'Install a newer kernel, or AMD’s own driver (amdgpu-dkms), and restart.')];
}

const ABSENT = ' is not there.';

async function checkNode(machine: Machine, id: string, path: string, container: Container | null): Promise<Finding> {
  const may = await machine.access(path);
  switch (may.is) {
    case 'there':
      return ok(id, `${path} may be used.`);
    case 'denied': {
      const fix = container
        ? groupFix(container)
        : 'Join its groups, then log out and in again: sudo usermod -aG render,video $USER';
      return problem(id, `${path} is there, but this user may not read and write it.`, fix);
    }
    case 'absent': {
      const fix = container
        ? deviceFix(container)
        : 'The kernel has no compute driver for this GPU: use a kernel with CONFIG_HSA_AMD (those of Debian, Ubuntu, Fedora and Arch have it), and look at: sudo dmesg | grep kfd';
      return problem(id, `${path}${ABSENT}`, fix);
    }
  }
}

/** AMD's runtime for it must be told to look at what Windows gives instead of a bus. Source: ROCm/librocdxg#34. */
async function fixInsideWindows(machine: Machine): Promise<string> {
  const fix = 'Start Forgelight in Windows itself, in PowerShell: npx forgelight serve';
  if (!(await hasGpusOfWindows(machine))) return fix;
  return `${fix}. Or with ROCm for WSL: HSA_ENABLE_DXG_DETECTION=1 npx forgelight doctor`;
}

async function isInsideWindows(machine: Machine): Promise<boolean> {
  const release = await machine.read('/proc/sys/kernel/osrelease');
  return release.is === 'there' && /microsoft/i.test(release.value);
}
