import type { Clock } from '../base/clock';
import { ForgelightError } from '../base/errors';
import { NO_COUNTS, type DeviceCounters } from '../base/counters';
import { fnv1a } from '../base/fingerprint';
import type { Device } from '../device/device';
import { contextIdentity } from '../models/context-identity';
import { describeModel, matrixFormats, type DescribedModel } from '../models/describe-model';
import { EmbeddingExecutor, type PreparedEmbedder } from '../models/embedding-executor';
import { Executor, type PreparedModel } from '../models/executor';
import { chooseVariants, type ChosenVariants, type VariantCache } from '../models/choose-variants';
import type { EngineInfo, LoadOptions } from '../protocol/engine-port';
import type { LoadPhase, LoadProgress } from '../protocol/progress';
import { hashedOnce, type HashingStream } from '../store/hashing';
import { overMirrors } from '../store/over-mirrors';
import { ProgressMeter } from '../store/progress';
import type { ModelSource, OpenedModel } from '../store/source';
import { orAbort } from '../store/waiting';
import { createChatTokenizer, type ChatTokenizer } from '../tokenizer/chat-tokenizer';
import { allocate, writesText, type Allocated } from './allocate';
import { EmbeddingRunner } from './embedding-runner';
import { deviceLost } from './failures';
import { ModelRunner } from './model-runner';
import type { Runner } from './runner';
import { warmUp, warmUpEmbedder } from './warm-up';

/** Notes of a chat template would be of no use there. */
const EMBEDS = 'This model makes embeddings: call engine.embeddings.create.';

/** What a load needs of its host. */
export interface LoadHost {
  readonly source: ModelSource;
  /** Opens the device; the load owns it from then on, and the engine after it. */
  readonly openDevice: () => Promise<Device>;
  /** Rejects where the device computes wrongly with one of a model's block formats; not given: nothing is known against it. */
  readonly proveFormats?: (device: Device, formats: ReturnType<typeof matrixFormats>) => Promise<void>;
  readonly clock: Clock;
  readonly variantCache: VariantCache;
  readonly randomSeed: () => number;
  readonly onProgress: (progress: LoadProgress) => void;
  /** Hears of what no caller can be told. */
  readonly report: (error: unknown) => void;
  /** Aborts the load; it then rejects with the signal's reason, and everything is freed. */
  readonly signal: AbortSignal;
}

/** A model that can run steps. */
interface RunnableModel {
  /** What the model was made for: it answers no other requests. */
  readonly purpose: 'text' | 'embedding';
  readonly runner: Runner;
  /** What the last decode step cost the host. */
  readonly lastDecodeStep: () => DeviceCounters;
}

/** A model on a device, ready to run. Whoever loaded it owns the device, and with it everything that the model holds there. */
export interface LoadedModel extends RunnableModel {
  readonly device: Device;
  readonly tokenizer: ChatTokenizer;
  readonly info: EngineInfo;
  readonly variants: ChosenVariants;
  /** Phase name → milliseconds. Together they are all the time that the load took. */
  readonly loadMs: Readonly<Record<string, number>>;
}

/**
 * Loads a model in one pass: network or file → SHA-256 → device, pipelines being made meanwhile. It answers only after its
 * bytes are proven. `before`: the same model as it was on a device that is gone; kernels stay the same where the adapter does.
 * Throws what the source, the format, the device and the options can meet, `device-lost` among it; nothing is left behind then.
 */
export function loadOntoDevice(
  options: LoadOptions,
  host: LoadHost,
  before: LoadedModel | null = null,
): Promise<LoadedModel> {
  return overMirrors(host.source, () => loadOnce(options, host, before));
}

async function loadOnce(options: LoadOptions, host: LoadHost, before: LoadedModel | null): Promise<LoadedModel> {
  const startMs = host.clock.now();
  const device = await host.openDevice();
  const loss = new AbortController();
  void device.lost.then(({ message }) => loss.abort(deviceLost(new Error(message))));
  // Whatever a lost device makes of what it is asked, the loss is why the load ends.
  const signal = AbortSignal.any([host.signal, loss.signal]);
  try {
    return await new Load(options, { ...host, signal }, device, before).run(startMs);
  } catch (error) {
    device.close();
    throw signal.aborted ? signal.reason : error;
  }
}

class Load {
  private readonly meter: ProgressMeter;
  private readonly loadMs: Record<string, number> = {};
  private phase: { readonly name: LoadPhase; readonly startMs: number } | null = null;

  constructor(
    private readonly options: LoadOptions,
    private readonly host: LoadHost,
    private readonly device: Device,
    private readonly before: LoadedModel | null,
  ) {
    this.meter = new ProgressMeter(host.clock, host.onProgress);
  }

  /** `startMs`: when the device was asked for, with which the probe begins. */
  async run(startMs: number): Promise<LoadedModel> {
    try {
      this.begin('probe', 0, 0, startMs);
      const opened = await this.host.source.open(this.host.signal);
      return await this.loadStream(opened);
    } finally {
      this.meter.abandon();
    }
  }

  private async loadStream(opened: OpenedModel): Promise<LoadedModel> {
    const stream = await hashedOnce(opened);
    try {
      const model = await describeModel(stream, opened.sizeBytes, opened.fileName);
      const tokenizer = createChatTokenizer(model.metadata);
      checkVocabulary(tokenizer, model);
      const variants = await this.probe(model);
      const allocated = allocate(this.device, model, this.options, variants);
      // Awaited below; a failure while the weights still stream is not unhandled, it is met then.
      allocated.prepared.catch(() => undefined);
      await this.unlessAborted(this.device.flush());
      const sizeBytes = await this.stream(model, allocated, opened);
      const sha256 = this.verify(stream, opened);
      const runnable = await this.finish(allocated);
      this.begin('ready', 1);
      this.meter.advance(1);
      this.end(this.host.clock.now());
      const info = this.describe(model, tokenizer, runnable, allocated, {
        sizeBytes,
        sha256,
        variants,
        sourceNotes: opened.notes ?? [],
      });
      return {
        ...runnable,
        device: this.device,
        tokenizer,
        info,
        variants,
        loadMs: this.loadMs,
      };
    } catch (error) {
      await stream.cancel(error);
      throw error;
    }
  }

  private async probe(model: DescribedModel): Promise<ChosenVariants> {
    const { clock, variantCache, proveFormats } = this.host;
    if (proveFormats !== undefined) {
      await this.unlessAborted(proveFormats(this.device, matrixFormats(model.file)));
    }
    if (this.before !== null && isSameAdapter(this.before.device, this.device)) return this.before.variants;
    const { debug, maxConcurrent, precision } = this.options;
    const maxRows = writesText(model.network) ? maxConcurrent : 1;
    const fastFormats = precision === 'fast' && writesText(model.network) ? matrixFormats(model.file) : null;
    const options = { clock, cache: variantCache, forced: debug.variants ?? {}, maxRows, fastFormats };
    return this.unlessAborted(chooseVariants(this.device, model.mainFormat, options));
  }

  /** The weights, as they arrive, to the device. Returns the size of the file. */
  private async stream(model: DescribedModel, allocated: Allocated, opened: OpenedModel): Promise<number> {
    const start = model.file.dataOffsetBytes;
    const { upload } = allocated;
    this.begin('download', opened.sizeBytes ?? 0, opened.resumedBytes);
    this.meter.advance(start);
    let sizeBytes = start;
    for (let bytes = await model.weights.read(); bytes !== null; bytes = await model.weights.read()) {
      await this.unlessAborted(upload.push(bytes));
      sizeBytes += bytes.byteLength;
      this.meter.advance(bytes.byteLength);
    }
    await this.unlessAborted(upload.drain());
    if (!upload.complete) {
      throw new ForgelightError('bad-gguf', 'The file ends before its last tensor: it was cut. Download it again.');
    }
    return sizeBytes;
  }

  /** Throws `corrupt-model` when the bytes are not those that were promised. */
  private verify(stream: HashingStream, opened: OpenedModel): string {
    this.begin('verify', 0);
    const sha256 = stream.digest();
    const expected = this.options.sha256 ?? opened.sha256;
    if (expected !== null && expected !== sha256) {
      throw new ForgelightError(
        'corrupt-model',
        `The file's SHA-256 is ${sha256}, expected ${expected}: it is damaged or another file. Download it again, or correct the expected hash.`,
      );
    }
    return sha256;
  }

  private async finish(allocated: Allocated): Promise<RunnableModel> {
    this.begin('upload', 0);
    await this.unlessAborted(this.device.flush());
    this.begin('compile', 0);
    const prepared = await this.unlessAborted<PreparedModel | PreparedEmbedder>(allocated.prepared);
    this.begin('warmup', 0);
    if (prepared.kind === 'embedding') {
      const executor = new EmbeddingExecutor(prepared);
      await this.unlessAborted(warmUpEmbedder(executor));
      return { purpose: 'embedding', runner: new EmbeddingRunner(executor), lastDecodeStep: () => NO_COUNTS };
    }
    const executor = new Executor(prepared);
    await this.unlessAborted(warmUp(executor));
    return { purpose: 'text', runner: new ModelRunner(executor), lastDecodeStep: () => executor.lastDecodeStep };
  }

  private describe(
    model: DescribedModel,
    tokenizer: ChatTokenizer,
    { runner, purpose }: RunnableModel,
    allocated: Allocated,
    found: {
      readonly sizeBytes: number;
      readonly sha256: string;
      readonly variants: ChosenVariants;
      readonly sourceNotes: readonly string[];
    },
  ): EngineInfo {
    const { device } = this;
    const { contextLength, vocabularySize, totalBlocks, blockTokens } = runner.limits;
    const { matvec, rounded, notes } = found.variants;
    const shapes = [matvec, ...(rounded === null ? [] : [rounded.variant, ...rounded.formats])];
    const adapter = [device.kind, device.name, device.build];
    const ofContext = contextIdentity(model.network, contextLength);
    const identity = [found.sha256, ...adapter, ...shapes, this.options.kvCacheType, ...ofContext];
    return {
      model: {
        name: model.name,
        architecture: model.architecture,
        quantisation: model.quantisation,
        sizeBytes: found.sizeBytes,
        sha256: found.sha256,
        contextLength,
        vocabularySize,
        purpose,
      },
      device: { kind: device.kind, name: device.name, features: device.features },
      notes: [
        ...found.sourceNotes,
        ...notes,
        ...allocated.notes,
        ...(purpose === 'embedding' ? [EMBEDS] : tokenizer.notes),
      ],
      systemFingerprint: `fl-${fnv1a(identity.join('|'))}`,
      kvCacheTokens: totalBlocks * blockTokens,
    };
  }

  /** What the device is asked to do may take long: an abort does not wait for it. The device, once closed, ends it. */
  private unlessAborted<T>(work: Promise<T>): Promise<T> {
    return orAbort(work, this.host.signal);
  }

  private begin(name: LoadPhase, total: number, resumed = 0, startMs = this.host.clock.now()): void {
    this.host.signal.throwIfAborted();
    this.end(startMs);
    this.phase = { name, startMs };
    this.meter.begin(name, total, resumed);
  }

  private end(nowMs: number): void {
    if (this.phase !== null) this.loadMs[this.phase.name] = nowMs - this.phase.startMs;
    this.phase = null;
    this.meter.end();
  }
}

/** The same answers come from the same kernels: they are not measured again. */
function isSameAdapter(a: Device, b: Device): boolean {
  return a.kind === b.kind && a.name === b.name && a.build === b.build && a.features.join() === b.features.join();
}

/** A token that the model cannot embed would read past its weights. */
export function checkVocabulary(tokenizer: ChatTokenizer, model: DescribedModel): void {
  if (tokenizer.vocabularySize <= model.network.vocabularySize) return;
  throw new ForgelightError(
    'bad-gguf',
    `The tokenizer has ${tokenizer.vocabularySize} tokens, the embedding only ${model.network.vocabularySize}. The file does not agree with itself: choose another.`,
  );
}
