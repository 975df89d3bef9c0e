/** The phases of a load, in order. A phase that has nothing to do is not reported. */
export type LoadPhase = 'probe' | 'download' | 'verify' | 'upload' | 'compile' | 'warmup' | 'ready';

/** How far a load is. Counted in bytes while downloading, verifying and uploading; in steps otherwise. */
export interface LoadProgress {
  readonly phase: LoadPhase;
  readonly loaded: number;
  /** 0 while the size is not known. */
  readonly total: number;
  /** Smoothed over the last seconds; 0 outside of byte phases. */
  readonly bytesPerSecond: number;
  /** `null` while it cannot be told honestly. */
  readonly etaSeconds: number | null;
  /** Bytes of an earlier, interrupted download that did not have to be fetched again. */
  readonly resumed: number;
}
