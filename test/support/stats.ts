import { NO_COUNTS } from '../../src/base/counters';
import type { EngineStats } from '../../src/protocol/engine-port';

/** The stats of an engine that has done nothing but load. */
export function statsOf(loadMs: EngineStats['loadMs']): EngineStats {
  return {
    total: NO_COUNTS,
    lastStep: NO_COUNTS,
    gpuBytes: 0,
    pipelinesCreated: 0,
    generatedTokens: 0,
    promptTokens: 0,
    loadMs,
    variants: {},
    kernelTimes: [],
  };
}
