import { defined } from '../base/assert';
import { ForgelightError } from '../base/errors';
import { base64OfFloats } from '../base/f32-base64';
import { parseEmbeddingBody, type EmbeddingInput, type ParsedEmbedding } from '../protocol/embedding-schema';
import { abortErrorOf, onAbort, throwIfAborted } from './abort';
import type { Session } from './session';
import type { EmbeddingBody, EmbeddingList } from './types';

/** Inputs in the engine at once: enough that it never waits for the page, few enough that others get their turn. */
const CONCURRENT_INPUTS = 4;

/** The vectors of one call. Rejects as `Embeddings.create`. */
export async function embedInputs(
  session: Session,
  body: EmbeddingBody,
  signal: AbortSignal | undefined,
): Promise<EmbeddingList<string | readonly number[]>> {
  const parsed = parseEmbeddingBody(body);
  throwIfAborted(signal);
  const found = await new EmbeddingBatch(session, parsed, signal).run();
  const prompt_tokens = found.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  const encode = parsed.encodingFormat === 'base64' ? base64OfFloats : (vector: Float32Array) => Array.from(vector);
  return {
    object: 'list',
    data: found.map(({ vector }, index) => ({ object: 'embedding', index, embedding: encode(vector) })),
    model: session.info.model.name,
    usage: { prompt_tokens, total_tokens: prompt_tokens },
  };
}

interface Found {
  readonly vector: Float32Array;
  readonly promptTokens: number;
}

/** The inputs of one call, each a request of the engine, a few at a time. */
class EmbeddingBatch {
  private readonly found: Found[] = [];
  /** Inputs that no request was made for yet. */
  private readonly waiting: number[];
  private running = 0;
  private succeeded = 0;
  /** Ends the other requests when one has failed. */
  private readonly abort = new AbortController();

  constructor(
    private readonly session: Session,
    private readonly body: ParsedEmbedding,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.waiting = [...body.inputs.keys()];
  }

  async run(): Promise<readonly Found[]> {
    const forget = onAbort(this.signal, (error) => this.abort.abort(error));
    try {
      const lanes = Math.min(CONCURRENT_INPUTS, this.waiting.length);
      await Promise.all(Array.from({ length: lanes }, () => this.work()));
      return this.found;
    } catch (error) {
      this.abort.abort();
      throw this.signal?.aborted === true ? abortErrorOf(this.signal) : error;
    } finally {
      forget();
    }
  }

  /** Takes one input after the other until none waits. */
  private async work(): Promise<void> {
    for (let index = this.waiting.shift(); index !== undefined; index = this.waiting.shift()) {
      const before = this.succeeded;
      this.running += 1;
      try {
        this.found[index] = await this.embed(index);
        this.succeeded += 1;
      } catch (error) {
        // The engine's queue is full: those of this call that are in it leave a place when they end.
        const isAlone = this.running === 1;
        if (!isBusy(error) || (isAlone && this.succeeded === before)) throw error;
        this.waiting.unshift(index);
        if (!isAlone) return;
      } finally {
        this.running -= 1;
      }
    }
  }

  private async embed(index: number): Promise<Found> {
    const input = defined(this.body.inputs[index], 'input');
    const param = defined(this.body.names[index], 'name of the input');
    const body = { model: this.session.modelToSend(this.body.model), input: copyOf(input) };
    const { stream } = await this.session.open({ kind: 'embed', body, param }, this.abort.signal);
    let vector: Float32Array | null = null;
    let promptTokens = 0;
    for await (const event of stream) {
      if (event.type === 'embedding') vector = event.embedding;
      if (event.type === 'ended') ({ promptTokens } = event.usage);
    }
    return { vector: defined(vector, 'embedding of an input'), promptTokens };
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof ForgelightError && error.code === 'busy';
}

/** Plain data, also where the caller's array is a proxy. */
function copyOf(input: EmbeddingInput): EmbeddingInput {
  return typeof input === 'string' ? input : [...input];
}
