/** What a page imports. */
export { ForgelightError, type ErrorCode } from '../base/errors';
export type {
  DebugOptions,
  EngineInfo,
  EngineStats,
  KvCacheType,
  ModelReference,
  Timeouts,
} from '../protocol/engine-port';
export type { EngineEvent } from '../protocol/engine-events';
export type { Timings } from '../protocol/events';
export type { FitReport } from '../protocol/fit';
export type { BandwidthReport, KernelFinding, MachineReport } from '../protocol/machine';
export { estimateMemoryBudget } from '../protocol/memory-budget';
export { SAMPLING_RANGES, type SamplingName, type SamplingRange } from '../protocol/sampling-ranges';
export type { LoadPhase, LoadProgress } from '../protocol/progress';
export type { EngineSnapshot, RequestSnapshot } from '../protocol/snapshot';
export type { ChatTokenizer } from '../tokenizer/chat-tokenizer';
export type { LoopbackPermission } from './bridge/bridge-scope';
export { listBridgeModels, type BridgeModels } from './bridge/list-bridge-models';
export {
  bridgePermission,
  findBridge,
  pairBridge,
  unpairBridge,
  type BridgeHello,
  type BridgeOptions,
  type BridgePairing,
  type PendingPairing,
} from './bridge/pair-bridge';
export type { StorageRoom } from './browser-scope';
export { CATALOGUE, fitOfSize, rateCatalogue, type CatalogueEntry, type RatedEntry } from './catalogue';
export { checkFit } from './check-fit';
export { createEngine } from './create-engine';
export { listHubModels, type HubListOptions, type HubModelEntry } from './list-hub-models';
export { loadTokenizer } from './load-tokenizer';
export { describeMachine, measureBandwidth, type MachineOptions } from './machine';
export { detectMemoryBudget } from './memory-budget';
export {
  openModelStore,
  type ModelExport,
  type ModelStore,
  type ModelStoreOptions,
  type PullCallOptions,
  type StoreCallOptions,
} from './model-store';
export type { PullProgress } from '../store/store-host';
export type { ModelEntry, PartialEntry, StoreEntry } from '../store/store-list';
export { storedModels, type StoredModel } from '../store/stored-models';
export type * from './types';
