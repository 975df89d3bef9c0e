import { assert } from '../base/assert';
import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { paramLayout } from './params';

export const routeParams = paramLayout({ experts: 'u32', used: 'u32', scale: 'f32' });

/** Experts that a row may use: the size of the kernel's array. */
const MAX_USED = 64;

/** Why the kernel cannot route so; `null` when it can. */
export function routeProblem(experts: number, used: number): string | null {
  if (used >= 1 && used <= Math.min(experts, MAX_USED)) return null;
  return `${used} of ${experts} experts a token (it takes 1 to ${MAX_USED}, and no more than there are)`;
}

/** routes[r] = the experts of the `used` largest logits, best first, with scale · softmax over these logits. */
export function route(args: {
  logits: DeviceBuffer; // [rows × experts] f32
  routes: DeviceBuffer; // [rows × used] of (expert, weight)
  experts: number;
  used: number;
  scale: number;
}): Dispatch {
  const { experts, used, scale } = args;
  const problem = routeProblem(experts, used);
  assert(problem === null, problem ?? '');
  return {
    kernel: 'route',
    shader: 'route',
    modules: {},
    constants: {},
    params: routeParams.encode({ experts, used, scale }),
    buffers: [
      { buffer: args.logits, access: 'read' },
      { buffer: args.routes, access: 'write' },
    ],
    grid: (rows) => [1, rows, 1],
  };
}
