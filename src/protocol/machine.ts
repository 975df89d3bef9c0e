import type { Result } from './engine-port';

/** What a machine's graphics adapter can do, and what the engine makes of it. */
export interface MachineReport {
  /** As the browser tells it; empty where it keeps quiet. */
  readonly adapter: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
  };
  /** All that the adapter has, by WebGPU's names. */
  readonly features: readonly string[];
  /** Those that the engine uses where they are, and its own name for what the browser's shaders can do. */
  readonly usedFeatures: readonly string[];
  /** WebGPU's limits that the engine raises, as it would get them. */
  readonly limits: Readonly<Record<string, number>>;
  /** Graphics memory that a model may take: a guess. */
  readonly memoryBudgetBytes: number;
  /** Of the build of the engine's shaders: kept findings of others mean nothing. */
  readonly build: string;
  /** What the self-test and the probe found here, for each kind of weights that was loaded. */
  readonly kernels: readonly KernelFinding[];
}

export interface KernelFinding {
  /** Block format of the weights. */
  readonly format: string;
  /** `exact`, or `fast` with the formats that may be rounded. */
  readonly precision: string;
  /** Rows of the widest batch that was tested. */
  readonly rows: string;
  /** The fastest of the shapes that compute rightly. */
  readonly matvec: string;
  /** Widths of batches that give the bits of width 1. */
  readonly widths: readonly number[];
  /** Tokens of a prompt that may be computed at once, with the same results. */
  readonly chunks: readonly number[];
  /** What is not used because it computes wrongly, as sentences. */
  readonly notes: readonly string[];
}

/** Bytes that a kernel reads and writes which only copies: what bounds a model's speed. */
export interface BandwidthReport {
  readonly bytesPerSecond: number;
}

/** Calls to a worker that loads no model. */
export interface MachineHost {
  describeMachine(): Promise<Result<MachineReport>>;
  /** Keeps the GPU busy for half a second or so; ending the worker ends it. */
  measureBandwidth(): Promise<Result<BandwidthReport>>;
}
