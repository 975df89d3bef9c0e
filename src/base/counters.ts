/** What a device counts; names as in the docs' performance gates. */
export interface DeviceCounters {
  readonly dispatches: number;
  readonly submits: number;
  readonly passes: number;
  readonly bindGroupsCreated: number;
  readonly bufferWrites: number;
  readonly bytesWritten: number;
  readonly readbacks: number;
  readonly readbackBytes: number;
  readonly buffersCreated: number;
  readonly pipelinesCreated: number;
  /** Bytes of matrices that linear layers read, a matrix as often as it is read; of experts those that rows are routed to. */
  readonly weightBytesRead: number;
}

/** GPU time of a kernel variant, of all its dispatches together. */
export interface KernelTime {
  /** Shader, module and constants: `matvec_rows.q4_1.batch1`. */
  readonly kernel: string;
  readonly dispatches: number;
  readonly gpuMs: number;
}

export const NO_COUNTS: DeviceCounters = {
  dispatches: 0,
  submits: 0,
  passes: 0,
  bindGroupsCreated: 0,
  bufferWrites: 0,
  bytesWritten: 0,
  readbacks: 0,
  readbackBytes: 0,
  buffersCreated: 0,
  pipelinesCreated: 0,
  weightBytesRead: 0,
};

/** `after − before`, counter by counter. */
export function countersSince(after: DeviceCounters, before: DeviceCounters): DeviceCounters {
  const difference = { ...after };
  for (const key of Object.keys(NO_COUNTS) as (keyof DeviceCounters)[]) {
    Object.assign(difference, { [key]: after[key] - before[key] });
  }
  return difference;
}
