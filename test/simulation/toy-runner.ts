import { assert, defined, unreachable } from '../../src/base/assert';
import { ForgelightError } from '../../src/base/errors';
import { tokenId } from '../../src/base/ids';
import type { Runner, RunnerLimits, StepBatch, StepOutput, StepResult, StepRow } from '../../src/engine/runner';
import { argmax } from '../../src/sampling/argmax';
import { drawFromCandidates } from '../../src/sampling/draw';
import { applyPenalties, type Penalties } from '../../src/sampling/penalties';

/** What a KV cell or a slot holds that nobody wrote. */
const UNWRITTEN = -1;
const EMPTY_HASH = 0x811c9dc5;

/** A hash of the ids, in order: the toy model's whole knowledge of a text. */
export function toyHash(ids: Iterable<number>): number {
  let hash = EMPTY_HASH;
  for (const id of ids) hash = mix(hash, id);
  return hash >>> 0;
}

function mix(hash: number, id: number): number {
  const mixed = Math.imul(hash ^ (id + 0x9e37), 0x01000193);
  return mixed ^ (mixed >>> 15);
}

/** What a KV cell holds of a token: which kernels wrote it shows, as it does in the last bits of a real one. */
export function toyCell(token: number, kernels: StepBatch['kind']): number {
  return 2 * token + (kernels === 'decode' ? 1 : 0);
}

/** The token of a cell. */
function toyToken(cell: number): number {
  return cell >> 1;
}

/** The text of a prompt and its answer as the cells hold it. */
export function toyText(prompt: readonly number[], answer: readonly number[] = []): number[] {
  return [...prompt.map((token) => toyCell(token, 'prefill')), ...answer.map((token) => toyCell(token, 'decode'))];
}

/** The toy model's next-token logits after a text: [vocabularySize]. */
export function toyLogits(hash: number, vocabularySize: number): Float32Array {
  const logits = new Float32Array(vocabularySize);
  const text = mix(EMPTY_HASH, hash);
  for (let id = 0; id < vocabularySize; id++) logits[id] = ((mix(text, id) >>> 0) % 4096) / 512;
  return logits;
}

export function toyCandidates(logits: Float32Array, count: number): { ids: Uint32Array; logits: Float32Array } {
  const ids = Uint32Array.from(logits.keys())
    .toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)
    .slice(0, count);
  return { ids, logits: Float32Array.from(ids, (id) => logits[id] ?? 0) };
}

/** The toy model's vector of a text. */
export function toyEmbedding(hash: number): Float32Array {
  return toyLogits(hash, 5);
}

export function toyArgmax(hash: number, vocabularySize: number): number {
  return hash % vocabularySize;
}

interface PendingStep {
  /** `null`: it was not run for lack of memory. */
  readonly results: readonly StepResult[] | null;
  readonly resolve: (results: readonly StepResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A deterministic model behind the runner port. It really stores every row's token in its KV cell and reads the text
 * back through the block table, so that a wrong block table, slot or position, or a block that two requests share, gives
 * another answer. Steps run in the order of their submits; the test says when each result arrives.
 */
export class ToyRunner implements Runner {
  /** Steps whose results have not arrived, oldest first. */
  readonly pending: PendingStep[] = [];
  maxPending = 0;
  /** Steps that ran known answer tokens again, and rows that could not see a block of their window any more. */
  replays = 0;
  forgetfulRows = 0;
  #poisonNext = false;
  #refuseNext = false;
  readonly #cells: Int32Array; // [totalBlocks × blockTokens]
  readonly #windowCells: Int32Array; // the same of layers with a window
  readonly #slots: Int32Array;

  constructor(readonly limits: RunnerLimits) {
    this.#cells = new Int32Array(limits.totalBlocks * limits.blockTokens).fill(UNWRITTEN);
    this.#windowCells = new Int32Array((limits.window?.blocks ?? 0) * limits.blockTokens).fill(UNWRITTEN);
    this.#slots = new Int32Array(limits.maxSlots).fill(UNWRITTEN);
  }

  /** The next step computes NaN. */
  poisonNext(): void {
    this.#poisonNext = true;
  }

  /** The next step is not run: nothing is written. */
  refuseNext(): void {
    this.#refuseNext = true;
  }

  submit(batch: StepBatch): Promise<readonly StepResult[]> {
    this.#check(batch);
    if (batch.kind === 'decode' && batch.outputs.length === 0) this.replays += 1;
    this.forgetfulRows += batch.sequences.filter(({ windowBlocks }) => windowBlocks[0] === null).length;
    const results = this.#refuseNext ? null : this.#run(batch);
    this.#refuseNext = false;
    return new Promise((resolve, reject) => {
      this.pending.push({ results, resolve, reject });
      this.maxPending = Math.max(this.maxPending, this.pending.length);
    });
  }

  #run(batch: StepBatch): readonly StepResult[] {
    for (const row of batch.rows) {
      const cell = toyCell(row.token ?? this.#slots[row.slot] ?? UNWRITTEN, batch.kind);
      this.#cells[this.#cell(batch, row.slot, row.position)] = cell;
      if (this.limits.window !== null) this.#windowCells[this.#windowCell(batch, row.slot, row.position)] = cell;
    }
    const results = batch.outputs.map((output) => this.#output(batch, output));
    this.#poisonNext = false;
    return results;
  }

  deliver(index: number): void {
    const step = this.pending.splice(index, 1)[0];
    if (step === undefined) return;
    if (step.results === null) step.reject(new ForgelightError('out-of-memory', 'simulated'));
    else step.resolve(step.results);
  }

  fail(index: number, error: unknown): void {
    this.pending.splice(index, 1)[0]?.reject(error);
  }

  #output(batch: StepBatch, output: StepOutput): StepResult {
    const row = defined(batch.rows[output.row], 'row of an output');
    const { vocabularySize, topK } = this.limits;
    const hash = toyHash(this.#text(batch, row));
    const nan = this.#poisonNext;
    switch (output.mode) {
      case 'argmax': {
        const { penalties } = output;
        const chosen =
          penalties === undefined
            ? toyArgmax(hash, vocabularySize)
            : argmax(this.#penalised(batch, row, hash, penalties));
        this.#slots[row.slot] = chosen;
        return { mode: 'argmax', tokenId: tokenId(chosen), nan };
      }
      case 'sample': {
        const { draw, penalties } = output;
        assert(draw.topK >= 1 && draw.topK <= topK, 'the device draws from so few candidates');
        const logits = toyLogits(hash, vocabularySize);
        const best = toyCandidates(
          penalties === undefined ? logits : this.#penalised(batch, row, hash, penalties),
          draw.topK,
        );
        const chosen = drawFromCandidates(best, draw, draw.unit);
        this.#slots[row.slot] = chosen;
        return { mode: 'sample', tokenId: tokenId(chosen), nan };
      }
      case 'logits': {
        const logits = toyLogits(hash, vocabularySize);
        if (nan) logits[3] = NaN;
        return { mode: 'logits', logits };
      }
      case 'embedding': {
        const embedding = toyEmbedding(hash);
        if (nan) embedding[3] = NaN;
        return { mode: 'embedding', embedding };
      }
      default:
        return unreachable(output);
    }
  }

  /** The logits once the row's token, and those that its cells have before it, are penalised. */
  #penalised(batch: StepBatch, row: StepRow, hash: number, penalties: Penalties): Float32Array {
    const { vocabularySize } = this.limits;
    const { repeat, presence, frequency, tokens: count } = penalties;
    assert(count >= 1 && count <= row.position + 1, 'the device penalises tokens of the text');
    const first = row.position + 1 - count;
    const tokens = Array.from({ length: count }, (_, i) => toyToken(this.#cellOf(batch, row.slot, first + i)));
    const logits = toyLogits(hash, vocabularySize);
    const options = { repeatPenalty: repeat, presencePenalty: presence, frequencyPenalty: frequency };
    applyPenalties(logits, tokens, { ...options, repeatLastN: tokens.length });
    return logits;
  }

  /** All that the row sees. Where its window shows another text than the whole, that is another text. */
  #text(batch: StepBatch, row: StepRow): number[] {
    const length = row.position + 1;
    const text: number[] = [];
    for (let position = 0; position < length; position++) text.push(this.#cellOf(batch, row.slot, position));
    const first = Math.max(0, length - (this.limits.window?.tokens ?? 0));
    for (let position = first; position < length; position++) {
      const seen = this.#windowCells[this.#windowCell(batch, row.slot, position)] ?? UNWRITTEN;
      if (seen !== text[position]) text.push(position, seen);
    }
    return text;
  }

  #windowCell(batch: StepBatch, slot: number, position: number): number {
    const { blockTokens, window } = this.limits;
    const sequence = batch.sequences.find((other) => other.slot === slot);
    const block = sequence?.windowBlocks[Math.floor(position / blockTokens)] ?? null;
    assert(block !== null && block < (window?.blocks ?? 0), `the window of slot ${slot} has no block of ${position}`);
    return block * blockTokens + (position % blockTokens);
  }

  #cellOf(batch: StepBatch, slot: number, position: number): number {
    return this.#cells[this.#cell(batch, slot, position)] ?? UNWRITTEN;
  }

  #cell(batch: StepBatch, slot: number, position: number): number {
    const { blockTokens } = this.limits;
    const sequence = defined(
      batch.sequences.find((other) => other.slot === slot),
      `sequence of slot ${slot}`,
    );
    const block = defined(sequence.blocks[Math.floor(position / blockTokens)], `block of position ${position}`);
    return block * blockTokens + (position % blockTokens);
  }

  /** What the port's contract asks of every batch. */
  #check(batch: StepBatch): void {
    const { maxChunkTokens, maxDecodeRows, maxSlots, contextLength, totalBlocks } = this.limits;
    assert(
      batch.rows.length > 0 && batch.rows.length <= (batch.kind === 'prefill' ? maxChunkTokens : maxDecodeRows),
      'rows of a step',
    );
    const slots = batch.sequences.map((sequence) => sequence.slot);
    assert(
      new Set(slots).size === slots.length && slots.every((slot) => slot >= 0 && slot < maxSlots),
      'slots of a step',
    );
    for (const { blocks } of batch.sequences) {
      assert(new Set(blocks).size === blocks.length, 'a sequence holds no block twice');
      assert(
        blocks.every((block) => block < totalBlocks),
        'blocks of a step',
      );
    }
    const written = batch.rows.map(({ slot, position }) => this.#cell(batch, slot, position));
    assert(new Set(written).size === written.length, 'no two rows write to one place');
    assert(
      batch.rows.every((row) => row.position < contextLength),
      'positions of a step',
    );
  }
}
