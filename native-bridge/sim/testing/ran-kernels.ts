import type { PreparedPlan } from '../../../src/device/device';
import { gridOf, type Dispatch, type PlanStep } from '../../../src/device/plan';
import type { HipDevice } from '../../hip/hip-device';
import { kernelOf } from '../../hip/hip-plan';
import { defined } from '../../../src/base/assert';

/** What has run on a device, to its end. */
export class RanKernels {
  /** `core`, and modules of block formats. */
  readonly units = new Set<string>();
  /** By the names of their instances. */
  readonly kernels = new Set<string>();
  private readonly dispatches = new WeakMap<PreparedPlan, readonly Dispatch[]>();

  /** The device, watched from now on. */
  watch(device: HipDevice): HipDevice {
    const [prepare, submit] = [device.prepare.bind(device), device.submit.bind(device)];
    device.prepare = async (plan) => {
      const prepared = await prepare(plan);
      this.dispatches.set(prepared, plan.dispatches);
      return prepared;
    };
    device.submit = async (steps, ...readbacks) => {
      const bytes = await submit(steps, ...readbacks);
      for (const step of steps) this.note(defined(this.dispatches.get(step.plan), 'a plan of this device'), step);
      return bytes;
    };
    return device;
  }

  private note(dispatches: readonly Dispatch[], step: PlanStep): void {
    for (const dispatch of dispatches) {
      const kernel = kernelOf(dispatch);
      if (kernel === null || gridOf(dispatch, step) === null) continue;
      this.units.add(kernel.unit);
      this.kernels.add(kernel.name);
    }
  }
}
