import { info, ok, problem, type Finding } from './finding';
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
  for (const slot of await machine.list(PCI)) {
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

/** The card, and the kernel's driver of it. */
export async function checkGpu(machine: Machine, pci: readonly PciGpu[]): Promise<readonly Finding[]> {
  if (pci.length === 0) {
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
  return pci.map(({ id, slot, driver }) => {
    const name = `AMD GPU ${id} at ${slot}`;
    if (driver === 'amdgpu') return ok('gpu', `${name}, with the driver amdgpu.`);
    if (driver === null) {
      const fix = `Look why it was not taken: sudo dmesg | grep -e amdgpu -e ${slot}`;
      return problem('gpu', `${name} has no driver.`, fix);
    }
    const fix = `It is kept for virtual machines. To use it here, take 'vfio-pci.ids=${id}' out of the kernel’s command line and restart.`;
    return driver === 'vfio-pci'
      ? problem('gpu', `${name} has the driver vfio-pci.`, fix)
      : problem('gpu', `${name} has the driver ${driver}.`, `Use amdgpu instead: sudo modprobe amdgpu, then restart.`);
  });
}

/** What the kernel offers programs of the GPU, and whether this user may have it. */
export async function checkAccess(
  machine: Machine,
  topology: Topology,
  container: string | null,
): Promise<readonly Finding[]> {
  const findings = [await checkNode(machine, 'kfd', '/dev/kfd', container)];
  const minors = new Set(topology.gpus.map(({ renderMinor }) => renderMinor).filter((minor) => minor > 0));
  const nodes =
    minors.size > 0
      ? [...minors].map((minor) => `renderD${minor}`)
      : (await machine.list('/dev/dri')).filter((name) => name.startsWith('renderD'));
  if (nodes.length === 0) nodes.push('renderD128');
  for (const node of nodes) findings.push(await checkNode(machine, 'render', `/dev/dri/${node}`, container));
  if (topology.hidden > 0) {
    const more = topology.hidden === 1 ? 'One more GPU' : `${topology.hidden} more GPUs`;
    findings.push(info('topology', `${more} of this computer may not be used from here.`));
  }
  return findings;
}

async function checkNode(machine: Machine, id: string, path: string, container: string | null): Promise<Finding> {
  const may = await machine.access(path);
  switch (may.is) {
    case 'there':
      return ok(id, `${path} may be used.`);
    case 'denied': {
      const fix = container
        ? `Give the container its groups: ${container} run --device /dev/kfd --device /dev/dri --group-add $(getent group render | cut -d: -f3) --group-add video …`
        : 'Join its groups, then log out and in again: sudo usermod -aG render,video $USER';
      return problem(id, `${path} is there, but this user may not read and write it.`, fix);
    }
    case 'absent': {
      const fix = container
        ? `Start the container with it: ${container} run --device /dev/kfd --device /dev/dri …`
        : 'The kernel has no compute driver for this GPU: use a kernel with CONFIG_HSA_AMD (those of Debian, Ubuntu, Fedora and Arch have it), and look at: sudo dmesg | grep kfd';
      return problem(id, `${path} is not there.`, fix);
    }
  }
}

/** The program that started the container that this runs in; `null` where it runs in none. */
export async function readContainer(machine: Machine): Promise<string | null> {
  if ((await machine.read('/run/.containerenv')).is === 'there') return 'podman';
  if ((await machine.read('/.dockerenv')).is === 'there') return 'docker';
  return machine.env['container'] === 'podman' ? 'podman' : null;
}
