import type { Machine } from './machine';

const NODES = '/sys/class/kfd/kfd/topology/nodes';

/** A GPU as the kernel's compute driver (KFD) lists it. */
export interface KfdGpu {
  readonly node: string;
  readonly gfx: string;
  /** Of `/dev/dri/renderD…`. */
  readonly renderMinor: number;
  readonly isIntegrated: boolean;
}

export interface Topology {
  readonly gpus: readonly KfdGpu[];
  /** Nodes that a container may see and not read: GPUs that were not given to it. */
  readonly hidden: number;
  /** GPUs of which an old kernel does not tell the architecture. */
  readonly nameless: number;
}

/** What is part of a processor: the kernel tells it for some, and lists others like cards. */
const INTEGRATED = ['gfx902', 'gfx909', 'gfx90c', 'gfx1013', 'gfx1033', 'gfx1035', 'gfx1036', 'gfx1103'];
const STRIX = /^gfx115\d$/;

/**
 * `sysfs` has a file `properties` for each node, with a name and a number on each line; CPUs are nodes without SIMDs. Source: `node_show` of the
 * kernel's kfd_topology.c.
 */
export async function readTopology(machine: Machine): Promise<Topology> {
  const gpus: KfdGpu[] = [];
  let [hidden, nameless] = [0, 0];
  for (const node of await machine.list(NODES)) {
    const file = await machine.read(`${NODES}/${node}/properties`);
    if (file.is === 'denied') hidden += 1;
    if (file.is !== 'there') continue;
    const properties = new Map(file.value.split('\n').map((line) => pairOf(line)));
    const number = (name: string): number => Number(properties.get(name) ?? 0);
    if (number('simd_count') === 0) continue;
    if (number('gfx_target_version') === 0) {
      nameless += 1;
      continue;
    }
    const gfx = gfxName(number('gfx_target_version'));
    const isIntegrated = number('cpu_cores_count') > 0 || INTEGRATED.includes(gfx) || STRIX.test(gfx);
    gpus.push({ node, gfx, renderMinor: number('drm_render_minor'), isIntegrated });
  }
  return { gpus, hidden, nameless };
}

function pairOf(line: string): [string, string] {
  const [name = '', value = ''] = line.trim().split(/\s+/);
  return [name, value];
}

/** 110000 → gfx1100, 90010 → gfx90a: two decimal digits each for minor and stepping, which names have as one of base 16. */
export function gfxName(version: number): string {
  const [major, minor, step] = [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100];
  return `gfx${major}${minor.toString(16)}${step.toString(16)}`;
}

/** The inverse, as `HSA_OVERRIDE_GFX_VERSION` has it: gfx1030 → 10.3.0. */
export function overrideOf(gfx: string): string {
  const [, major = '', minor = '', step = ''] = /^gfx(\d+)([0-9a-f])([0-9a-f])$/.exec(gfx) ?? [];
  return `${major}.${parseInt(minor, 16)}.${parseInt(step, 16)}`;
}
