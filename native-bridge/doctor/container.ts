import type { Machine } from './machine';

/** What keeps a program apart from the rest of the computer, by what gives it devices. */
export type Container = 'docker' | 'podman' | 'lxc' | 'kubernetes';

/** The container that this runs in; `null` where it runs in none that is known. Source: systemd's container interface, and what each program leaves. */
export async function readContainer(machine: Machine): Promise<Container | null> {
  const { env } = machine;
  if (env['KUBERNETES_SERVICE_HOST']) return 'kubernetes';
  if ((await machine.read('/run/.containerenv')).is === 'there') return 'podman';
  if ((await machine.read('/.dockerenv')).is === 'there') return 'docker';
  const noted = await machine.read('/run/systemd/container');
  const named = env['container'] || (noted.is === 'there' ? noted.value.trim() : '');
  return named === 'docker' || named === 'podman' || named === 'lxc' ? named : null;
}

/** What gives a container the devices of a GPU. */
export function deviceFix(container: Container): string {
  switch (container) {
    case 'docker':
    case 'podman':
      return `Start the container with it: ${container} run --device /dev/kfd --device /dev/dri …`;
    case 'lxc':
      return (
        'Give the container both on its host. Incus or LXD: incus config device add NAME gpu gpu gid=GID && incus config device add NAME kfd unix-char path=/dev/kfd gid=GID. ' +
        'Proxmox: pct set ID --dev0 /dev/kfd,gid=GID --dev1 /dev/dri/renderD128,gid=GID. GID: what `getent group render` says in the container'
      );
    case 'kubernetes':
      return 'Ask for a GPU in the pod’s resources (limits: amd.com/gpu: 1): AMD’s device plugin for Kubernetes gives it to the pod';
  }
}

/** What lets the container's user have devices that are there. */
export function groupFix(container: Container): string {
  switch (container) {
    case 'docker':
      return 'Give the container their groups: docker run --device /dev/kfd --device /dev/dri --group-add $(getent group render | cut -d: -f3) --group-add video …';
    case 'podman':
      return 'Join their groups outside (sudo usermod -aG render,video $USER), and let the container keep them: podman run --device /dev/kfd --device /dev/dri --group-add keep-groups …';
    case 'lxc':
      return deviceFix(container);
    case 'kubernetes':
      return 'Give the pod the number of the node’s group render: securityContext: { supplementalGroups: [GID] }';
  }
}
