import { assert } from '../base/assert';
import type { Device, PreparedPlan } from '../device/device';
import { encodeStepInput, type RopeTable, type StepInputRow } from '../kernels/step-input';
import type { EmbeddingPlans } from './embedding-plans';
import { firstOfEach, stepOf, type ModelLimits, type PreparedWidth } from './executor';

/** The plans of a model that makes vectors of texts, prepared on its device. */
export interface PreparedEmbedder {
  readonly kind: 'embedding';
  readonly device: Device;
  readonly plans: EmbeddingPlans;
  readonly prepared: { readonly prefill: readonly PreparedWidth[]; readonly pool: PreparedPlan };
  readonly ropeTables: readonly RopeTable[];
  readonly limits: ModelLimits;
  readonly hiddenSize: number;
  /** An encoder: the rows of a step see each other, so all rows of a text are in one step, and none is reused. */
  readonly takesWholeTexts: boolean;
}

/** Runs a model that makes vectors of texts: one input write and one submission a call. Holds no request state. */
export class EmbeddingExecutor {
  readonly limits: ModelLimits;

  constructor(private readonly model: PreparedEmbedder) {
    this.limits = model.limits;
  }

  /**
   * Submits rows of one text at once. With `output`, the row at which the text ends, resolves with its vector of length
   * 1, [hidden]; without, when the rows are computed. An encoder takes all rows of a text together. Rejects with `device-lost`.
   */
  async run(rows: readonly StepInputRow[], output: number | null): Promise<Float32Array | null> {
    const { device, plans, prepared, ropeTables, hiddenSize, takesWholeTexts } = this.model;
    const isWhole = rows[0]?.position === 0 && output === rows.length - 1;
    assert(isWhole || !takesWholeTexts, 'an encoder takes all rows of a text in one step');
    device.write(plans.stepInput, 0, encodeStepInput(rows, output === null ? [] : [output], ropeTables));
    const steps = [stepOf(prepared.prefill, rows.length)];
    if (output !== null) steps.push({ plan: prepared.pool, rows: 1 });
    const sizeBytes = output === null ? 4 : hiddenSize * 4; // one word, to know when the step is done
    const bytes = await device.submit(steps, { buffer: plans.embedding, sizeBytes });
    return output === null ? null : ofLengthOne(new Float32Array(bytes.buffer, bytes.byteOffset, hiddenSize));
  }

  /** Runs every pipeline of the model's plans once on one row, in whatever layer it is met first; resolves when that is done. */
  async runEveryPipeline(row: StepInputRow): Promise<void> {
    const { device, plans, ropeTables } = this.model;
    const { stepInput, prefill, pool, embedding } = plans;
    const dispatches = firstOfEach([...prefill.map(({ plan }) => plan), pool].flatMap((plan) => plan.dispatches));
    const plan = await device.prepare({ label: 'warmup', stepInput, dispatches });
    try {
      device.write(stepInput, 0, encodeStepInput([row], [0], ropeTables));
      await device.submit([{ plan, rows: 1 }], { buffer: embedding, sizeBytes: 4 });
    } finally {
      device.release(plan);
    }
  }
}

/** A copy of its own: receivers hand it on by transfer. A vector without length stays as it is. */
function ofLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector.slice() : vector.map((value) => value / length);
}
