import { ForgelightError } from '../base/errors';
import { formatBytes } from '../base/units';
import type { DeviceLimits } from '../device/device';
import { MeasuringDevice } from '../device/measuring-device';
import type { KernelVariants } from '../models/choose-variants';
import { describeModel, type DescribedModel } from '../models/describe-model';
import { CONTEXT_STEP_TOKENS } from '../models/kv-size';
import { isStaging } from '../models/plane-staging';
import type { LoadOptions } from '../protocol/engine-port';
import type { FitReport } from '../protocol/fit';
import type { ModelSource } from '../store/source';
import { createChatTokenizer } from '../tokenizer/chat-tokenizer';
import { allocate, writesText } from './allocate';
import { checkVocabulary } from './load-onto-device';

export interface FitHost {
  readonly source: ModelSource;
  /** Of the adapter that the model would run on. */
  readonly limits: DeviceLimits;
  /** Graphics memory that the model may take. */
  readonly memoryBudgetBytes: number;
  /** What a prepared dispatch takes on that device, beside buffers. */
  readonly dispatchBytes: number;
  /** Kernels; those that need the most memory, if not given, because the probe has not chosen. */
  readonly variants?: KernelVariants;
  readonly signal: AbortSignal;
}

/** All widths of batches and chunks have their plans. */
const LARGEST_VARIANTS: KernelVariants = { matvec: 'rows' };
/** A shorter context is worth no download. */
const LEAST_CONTEXT = 512;

/**
 * Whether a model fits, before its weights are fetched: reads its header (the transfer ends there) and allocates it on a
 * device that only counts, with the code of a load. Throws `bad-gguf`, what the source throws, and `invalid-request` for
 * options that contradict the model.
 */
export async function checkFit(options: LoadOptions, host: FitHost): Promise<FitReport> {
  const { stream, sizeBytes, fileName } = await host.source.open(host.signal);
  try {
    const model = await describeModel(stream, sizeBytes, fileName);
    await model.weights.cancel(new DOMException('the header is all that was wanted', 'AbortError'));
    checkVocabulary(createChatTokenizer(model.metadata), model);
    return new Fit(model, sizeBytes ?? endOf(model), options, host).report();
  } catch (error) {
    if (!(error instanceof ForgelightError)) throw error;
    const { code, message } = error;
    if (code === 'unsupported-architecture' || code === 'unsupported-quantisation') {
      return { ...unsupported(sizeBytes ?? 0, host.memoryBudgetBytes, message), code };
    }
    throw error;
  }
}

interface Need {
  readonly weightBytes: number;
  readonly kvBytes: number;
  readonly scratchBytes: number;
  readonly contextLength: number;
}

type Measured =
  | { readonly kind: 'need'; readonly need: Need; readonly totalBytes: number }
  /** A buffer is larger than the adapter allows. */
  | { readonly kind: 'beyond-limits'; readonly message: string };

class Fit {
  constructor(
    private readonly model: DescribedModel,
    private readonly sizeBytes: number,
    private readonly options: LoadOptions,
    private readonly host: FitHost,
  ) {}

  report(): FitReport {
    const wanted = this.measure(this.options);
    const largest = this.largestContext();
    if (this.fits(wanted)) return this.told('fits', wanted.need, largest, this.sentence('fits', wanted));
    const least = Math.min(this.model.network.contextLength, LEAST_CONTEXT);
    const shorter = this.measure(this.withContext(Math.max(largest, least)));
    if (largest >= least && this.fits(shorter)) {
      return this.told(
        'fits-shorter',
        shorter.need,
        largest,
        this.sentence('fits only with a shorter context', shorter),
      );
    }
    return this.told('too-big', this.needOf(shorter), largest, this.tooBig(shorter));
  }

  private fits(measured: Measured): measured is Extract<Measured, { kind: 'need' }> {
    return measured.kind === 'need' && measured.totalBytes <= this.host.memoryBudgetBytes;
  }

  /** By halving: memory only grows with the context. */
  private largestContext(): number {
    const trained = this.model.network.contextLength;
    const fits = (tokens: number): boolean => this.fits(this.measure(this.withContext(tokens)));
    if (fits(trained)) return trained;
    let [fitting, tooMany] = [0, Math.ceil(trained / CONTEXT_STEP_TOKENS)]; // in steps
    while (tooMany - fitting > 1) {
      const steps = Math.floor((fitting + tooMany) / 2);
      if (fits(steps * CONTEXT_STEP_TOKENS)) fitting = steps;
      else tooMany = steps;
    }
    return fitting * CONTEXT_STEP_TOKENS;
  }

  /** With a pool that holds one such request. */
  private withContext(contextLength: number): LoadOptions {
    return { ...this.options, contextLength, kvCacheTokens: contextLength };
  }

  private measure(options: LoadOptions): Measured {
    const { limits, dispatchBytes } = this.host;
    const device = new MeasuringDevice({ limits, dispatchBytes });
    try {
      const { weights, contextLength } = allocate(device, this.model, options, this.host.variants ?? LARGEST_VARIANTS);
      const totalBytes = device.bytesOf((label) => !isStaging(label)); // gone before the model answers
      const kvBytes = device.bytesOf((label) => /^kv(\.\d+)?$/.test(label));
      const scratchBytes = totalBytes - kvBytes - weights.sizeBytes;
      return {
        kind: 'need',
        need: { weightBytes: weights.sizeBytes, kvBytes, scratchBytes, contextLength },
        totalBytes,
      };
    } catch (error) {
      if (error instanceof ForgelightError && error.code === 'out-of-memory') {
        return { kind: 'beyond-limits', message: error.message };
      }
      throw error;
    }
  }

  private needOf(measured: Measured): Need {
    if (measured.kind === 'need') return measured.need;
    const weightBytes = this.model.file.tensors.reduce((sum, tensor) => sum + tensor.sizeBytes, 0);
    return { weightBytes, kvBytes: 0, scratchBytes: 0, contextLength: 0 };
  }

  private told(verdict: FitReport['verdict'], need: Need, largestContextLength: number, reason: string): FitReport {
    const { memoryBudgetBytes } = this.host;
    const purpose = writesText(this.model.network) ? 'text' : 'embedding';
    return { verdict, purpose, sizeBytes: this.sizeBytes, ...need, largestContextLength, memoryBudgetBytes, reason };
  }

  private sentence(verdict: string, { need, totalBytes }: Extract<Measured, { kind: 'need' }>): string {
    return (
      `${this.model.name} ${verdict}: it takes ${formatBytes(totalBytes)} of graphics memory with a context of ` +
      `${need.contextLength} tokens, and this device is taken to have about ${formatBytes(this.host.memoryBudgetBytes)}.`
    );
  }

  private tooBig(measured: Measured): string {
    if (measured.kind === 'beyond-limits') return `${this.model.name} is too big for this device: ${measured.message}`;
    return `${this.sentence('is too big', measured)} Choose a smaller model or a stronger quantisation.`;
  }
}

function unsupported(sizeBytes: number, memoryBudgetBytes: number, reason: string): FitReport {
  const nothing = { weightBytes: 0, kvBytes: 0, scratchBytes: 0, contextLength: 0, largestContextLength: 0 };
  return { verdict: 'unsupported', sizeBytes, ...nothing, memoryBudgetBytes, reason };
}

function endOf({ file }: DescribedModel): number {
  return file.tensors.reduce(
    (end, tensor) => Math.max(end, tensor.offsetBytes + tensor.sizeBytes),
    file.dataOffsetBytes,
  );
}
