import type { DeviceCounters } from '../base/counters';
import { errorToData, ForgelightError } from '../base/errors';
import { requestId, type RequestId, type TokenId } from '../base/ids';
import type { Device } from '../device/device';
import type { Task } from '../protocol/commands';
import type { EngineInfo, EngineStats, HostRequest } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import { parseTokenIds, parseTokenize } from '../protocol/request-schema';
import type { EngineSnapshot } from '../protocol/snapshot';
import type { ChatTokenizer } from '../tokenizer/chat-tokenizer';
import type { Actor } from './actor';
import { chatTask, completionTask, embedTask, evaluateTask, type TaskDeps } from './task';

/** What a load leaves behind: everything a host needs to answer requests. */
export interface EngineParts {
  readonly actor: Actor;
  readonly device: Device;
  readonly tokenizer: ChatTokenizer;
  readonly info: EngineInfo;
  /** What the model was made for: it answers no other requests. */
  readonly purpose: 'text' | 'embedding';
  /** What else than its name a request may call the model: the reference it was loaded by. */
  readonly modelNames: readonly string[];
  readonly randomSeed: () => number;
  readonly loadMs: Readonly<Record<string, number>>;
  readonly variants: Readonly<Record<string, string>>;
  readonly lastDecodeStep: () => DeviceCounters;
}

/** A loaded model behind its actor, as the browser worker and the daemon serve it. Owns the device. */
export class HostedEngine {
  readonly info: EngineInfo;
  private generatedTokens = 0;
  private promptTokens = 0;

  constructor(private readonly parts: EngineParts) {
    this.info = parts.info;
    void parts.device.lost.then((loss) => {
      if (loss.reason !== 'destroyed') parts.actor.deviceLost(new Error(loss.message));
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
    return this.parts.tokenizer.encode(input.text, input.options);
  }

  /** Throws `invalid-request`, also for ids that the vocabulary does not have. */
  detokenize(ids: unknown): string {
    const known = parseTokenIds({ ids });
    const { vocabularySize } = this.parts.tokenizer;
    const stranger = known.find((id) => id >= vocabularySize);
    if (stranger !== undefined) {
      throw new ForgelightError(
        'invalid-request',
        `ids holds ${stranger}, which is not a token of this model: ids go from 0 to ${vocabularySize - 1}.`,
        { param: 'ids' },
      );
    }
    return this.parts.tokenizer.decode(known);
  }

  snapshot(): EngineSnapshot {
    return this.parts.actor.snapshot();
  }

  stats(): EngineStats {
    const { device, loadMs, variants, lastDecodeStep } = this.parts;
    const total = device.counters();
    return {
      total,
      lastStep: lastDecodeStep(),
      gpuBytes: device.allocatedBytes(),
      pipelinesCreated: total.pipelinesCreated,
      generatedTokens: this.generatedTokens,
      promptTokens: this.promptTokens,
      loadMs,
      variants,
    };
  }

  /** Ends every request with `closed`, then frees the device. */
  async close(): Promise<void> {
    await this.parts.actor.close();
    this.parts.device.close();
  }

  private taskOf(request: HostRequest): Task {
    const { tokenizer, info, purpose, randomSeed, modelNames } = this.parts;
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
    timings: {
      prompt_n: 0,
      prompt_ms: 0,
      prompt_per_second: 0,
      predicted_n: 0,
      predicted_ms: 0,
      predicted_per_second: 0,
      cache_n: 0,
    },
  };
}
