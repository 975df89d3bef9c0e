import { readbackBytes, type Device, type PreparedPlan } from '../../src/device/device';
import type { Dispatch, Plan } from '../../src/device/plan';
import { createReferenceDevice } from '../../src/device/reference/reference-device';
import { qkvParams } from '../../src/kernels/qkv';
import type { ChosenVariants, VariantCache } from '../../src/models/choose-variants';
import { FakeClock } from './fake-clock';
import { withOverrides } from './load-zoo';

export interface Posed {
  readonly subgroups?: boolean;
  readonly shaderF16?: boolean;
  readonly packedDot?: boolean;
  readonly isSoftware?: boolean;
  /** Milliseconds of a dispatch of a shader while the probe measures; 10 where not given. */
  readonly ms?: Readonly<Record<string, number>>;
  readonly submitMs?: number;
  /** What the results of a linear layer are multiplied by; 1: right, NaN: no number. Of `qkv`, which has no scale: 1, or wrong. */
  readonly factor?: (dispatch: Dispatch) => number;
  /** What it runs in place of a dispatch. */
  readonly instead?: (dispatch: Dispatch) => Dispatch;
  /** Whether the driver cannot compile it. */
  readonly fails?: (dispatch: Dispatch) => boolean;
}

/** What an adapter whose results are right but for their last bits does to them. */
export const LAST_BITS = 1 + 2 ** -22;

/** Where both kernels of a linear layer have their scale. */
const SCALE = 5;

/** A graphics adapter played by the CPU: it takes its time by the clock, and may compute wrongly. The probe's plans do not run. */
export class PosingAdapter {
  readonly clock = new FakeClock();
  readonly device: Device;
  readonly base = createReferenceDevice();
  /** Of every submission, its plans. */
  readonly submits: Plan[][] = [];
  private readonly plans = new Map<PreparedPlan, Plan>();

  constructor(posed: Posed = {}) {
    const { subgroups = true, shaderF16 = false, packedDot = true, isSoftware = false, ms = {}, submitMs = 0 } = posed;
    const { factor = () => 1, instead = (dispatch) => dispatch, fails = () => false } = posed;
    const { base, clock, plans, submits } = this;
    this.device = withOverrides(base, {
      kind: 'webgpu',
      name: 'posing',
      features: subgroups ? ['subgroups'] : [],
      limits: { ...base.limits, subgroups, shaderF16, packedDot },
      isSoftware,
      prepare: async (plan) => {
        if (plan.dispatches.some(fails)) throw new Error('the driver cannot compile this');
        const dispatches = plan.dispatches.map((dispatch) => scaled(instead(dispatch), factor(dispatch)));
        const prepared = await base.prepare({ ...plan, dispatches });
        plans.set(prepared, plan);
        return prepared;
      },
      release: (prepared) => {
        plans.delete(prepared);
        base.release(prepared);
      },
      submit: async (steps, ...readbacks) => {
        const ran = steps.map(({ plan }) => this.planOf(plan));
        submits.push(ran);
        if (!ran.some(({ label }) => label === 'probe')) return await base.submit(steps, ...readbacks);
        const dispatches = ran.flatMap((plan) => plan.dispatches);
        clock.advance(dispatches.reduce((sum, { shader }) => sum + (ms[shader] ?? 10), submitMs));
        return new Uint8Array(readbackBytes(readbacks));
      },
    });
  }

  /** What is prepared now. */
  get prepared(): readonly Plan[] {
    return [...this.plans.values()];
  }

  /** Dispatches that ran in plans of a name, as many times as they ran. */
  ran(isOf: (label: string) => boolean): Dispatch[] {
    return this.submits.flat().flatMap(({ label, dispatches }) => (isOf(label) ? dispatches : []));
  }

  private planOf(prepared: PreparedPlan): Plan {
    const plan = this.plans.get(prepared);
    if (plan === undefined) throw new Error(`${prepared.label} was not prepared here`);
    return plan;
  }
}

function scaled(dispatch: Dispatch, factor: number): Dispatch {
  if (factor !== 1 && dispatch.kernel === 'qkv') {
    return { ...dispatch, params: qkvParams.encode({ ...qkvParams.decode(dispatch.params), pairs: 0 }) };
  }
  if (factor === 1 || (dispatch.kernel !== 'matvec' && dispatch.kernel !== 'matmul')) return dispatch;
  const params = dispatch.params.slice();
  const scale = new Float32Array(params.buffer, SCALE * 4, 1);
  scale.set(scale.map((value) => value * factor));
  return { ...dispatch, params };
}

/** A cache in memory. */
export function memoryCache(): VariantCache & { readonly entries: Map<string, unknown> } {
  const entries = new Map<string, unknown>();
  return {
    entries,
    get: async (key) => entries.get(key) ?? null,
    set: async (key: string, variants: ChosenVariants) => void entries.set(key, variants),
  };
}
