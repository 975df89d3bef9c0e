import { errorToData, ForgelightError } from '../base/errors';
import { requestId, type RequestId, type TokenId } from '../base/ids';
import type { Task } from '../protocol/commands';
import type { EngineInfo, EngineStats, HostRequest } from '../protocol/engine-port';
import type { EngineEvent } from '../protocol/engine-events';
import type { RequestEvent } from '../protocol/events';
import { parseTokenIds, parseTokenize } from '../protocol/request-schema';
import type { EngineSnapshot } from '../protocol/snapshot';
import type { Actor } from './actor';
import { variantNames } from '../models/choose-variants';
import type { LoadedModel } from './load-onto-device';
import { NO_TIMINGS } from './request';
import { chatTask, completionTask, embedTask, evaluateTask, resumedTask, type TaskDeps } from './task';

export interface EngineParts {
  readonly actor: Actor;
  /** The model on its first device. */
  readonly loaded: LoadedModel;
  /** Aborted when the engine closes: ends a load onto another device. */
  readonly closing: AbortController;
  /** What else than its name a request may call the model: the reference it was loaded by. */
  readonly modelNames: readonly string[];
  readonly randomSeed: () => number;
  /** Hears of what no caller can be told. */
  readonly report: (error: unknown) => void;
}

/** A loaded model behind its actor, as the browser worker and the daemon serve it. Owns the device. */
export class HostedEngine {
  private generatedTokens = 0;
  private promptTokens = 0;
  private current: LoadedModel;
  private readonly watchers = new Set<(event: EngineEvent) => void>();

  constructor(private readonly parts: EngineParts) {
    this.current = parts.loaded;
    this.watchDevice();
  }

  /** The model on the device that runs now, or ran last. */
  get loaded(): LoadedModel {
    return this.current;
  }

  get info(): EngineInfo {
    return this.current.info;
  }

  /** The model is on another device, which belongs to this engine from now on. */
  adopt(next: LoadedModel): void {
    if (this.parts.closing.signal.aborted) {
      next.device.close();
      throw this.parts.closing.signal.reason;
    }
    const sameAnswers = next.info.systemFingerprint === this.info.systemFingerprint;
    this.current = next;
    this.watchDevice();
    this.tell({ type: 'restored', info: next.info, sameAnswers });
  }

  /** Calls `listener` with every event of the engine; the returned function takes it back. */
  watch(listener: (event: EngineEvent) => void): () => void {
    this.watchers.add(listener);
    return () => void this.watchers.delete(listener);
  }

  /** The actor's own events. */
  announce(event: EngineEvent): void {
    this.tell(event);
    if (event.type === 'state' && event.state === 'lost') this.tell({ type: 'lost' });
  }

  private tell(event: EngineEvent): void {
    for (const watcher of this.watchers) {
      try {
        watcher(event);
      } catch (error) {
        this.watchers.delete(watcher); // gone, like a closed tab
        this.parts.report(error);
      }
    }
  }

  private watchDevice(): void {
    const { device, runner } = this.current;
    void device.lost.then((loss) => {
      if (loss.reason !== 'destroyed') this.parts.actor.deviceLost(runner, new Error(loss.message));
    });
  }

  /** Never throws: a request that cannot be taken gets one `ended` event with the reason. */
  submit(id: number, request: HostRequest, emit: (event: RequestEvent) => void): void {
    const number = requestId(id);
    let task: Task;
    try {
      task = this.taskOf(request);
    } catch (error) {
      emit(refused(number, error));
      return;
    }
    this.parts.actor.submit(number, task, (event) => {
      this.count(event);
      emit(event);
    });
  }

  cancel(id: number): boolean {
    return this.parts.actor.cancel(requestId(id));
  }

  /** Throws `invalid-request`. */
  tokenize(text: unknown, options: unknown): TokenId[] {
    const input = parseTokenize({ text, options });
    return this.current.tokenizer.encode(input.text, input.options);
  }

  /** Throws `invalid-request`, also for ids that the vocabulary does not have. */
  detokenize(ids: unknown): string {
    const known = parseTokenIds({ ids });
    const { vocabularySize } = this.current.tokenizer;
    const stranger = known.find((id) => id >= vocabularySize);
    if (stranger !== undefined) {
      throw new ForgelightError(
        'invalid-request',
        `ids holds ${stranger}, which is not a token of this model: ids go from 0 to ${vocabularySize - 1}.`,
        { param: 'ids' },
      );
    }
    return this.current.tokenizer.decode(known);
  }

  snapshot(): EngineSnapshot {
    return this.parts.actor.snapshot();
  }

  stats(): EngineStats {
    const { device, loadMs, variants, lastDecodeStep } = this.current;
    const total = device.counters();
    return {
      total,
      lastStep: lastDecodeStep(),
      gpuBytes: device.allocatedBytes(),
      pipelinesCreated: total.pipelinesCreated,
      generatedTokens: this.generatedTokens,
      promptTokens: this.promptTokens,
      loadMs,
      variants: variantNames(variants),
      kernelTimes: device.kernelTimes(),
    };
  }

  /** Ends every request with `closed`, then frees the device. */
  async close(): Promise<void> {
    this.parts.closing.abort(new ForgelightError('closed', 'The engine was closed.'));
    await this.parts.actor.close();
    this.current.device.close();
  }

  private taskOf(request: HostRequest): Task {
    const { randomSeed, modelNames } = this.parts;
    const { tokenizer, info, purpose } = this.current;
    if ((request.kind === 'embed') !== (purpose === 'embedding')) throw wrongPurpose(purpose);
    const { name, sha256, contextLength, vocabularySize } = info.model;
    const deps: TaskDeps = {
      tokenizer,
      modelNames: [name, `sha256:${sha256}`, ...modelNames],
      vocabularySize,
      contextLength,
      randomSeed,
    };
    switch (request.kind) {
      case 'chat':
        return chatTask(request.body, deps);
      case 'completion':
        return completionTask(request.body, deps);
      case 'evaluate':
        return evaluateTask(request.ids, request.positions, deps);
      case 'embed':
        return embedTask(request.body, request.param, deps);
      case 'resume':
        return resumedTask(request, deps);
    }
  }

  private count(event: RequestEvent): void {
    if (event.type === 'accepted') this.promptTokens += event.promptIds.length;
    if (event.type === 'token') this.generatedTokens += 1;
  }
}

function wrongPurpose(purpose: 'text' | 'embedding'): ForgelightError {
  return new ForgelightError(
    'invalid-request',
    purpose === 'embedding'
      ? 'This model makes embeddings, not text: call engine.embeddings.create, or load a model that writes text.'
      : 'This model writes text and has no pooling, so it makes no embeddings: call engine.chat.completions.create, or load an embedding model (bert, nomic-bert, qwen3-embedding …).',
    { param: 'model' },
  );
}

function refused(id: RequestId, error: unknown): RequestEvent {
  return {
    type: 'ended',
    requestId: id,
    outcome: { kind: 'failed', error: { ...errorToData(error, 'invalid-request'), requestId: id } },
    text: '',
    usage: { promptTokens: 0, completionTokens: 0, cachedTokens: 0 },
    timings: NO_TIMINGS,
  };
}
