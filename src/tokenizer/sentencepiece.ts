import { tokenId, type TokenId } from '../base/ids';
import { addedTokens } from './added-tokens';
import { BYTE_NAMES } from './byte-names';
import { booleanAt, type Metadata } from './metadata';
import { NumberHeap } from './number-heap';
import { readScoreRanks } from './score-ranks';
import { SymbolChain } from './symbol-chain';
import type { TokenizerModel } from './tokenizer-model';
import type { Vocabulary } from './vocabulary';
import { markSpaces, SPACE_MARK, unmarkedBytes } from './whitespace-mark';

/** A heap key is `rank × POSITION_SPAN + position`: the best score first, of equals the leftmost. Exact below 2^53. */
const POSITION_SPAN = 2 ** 24;

/**
 * `tokenizer.ggml.model` = `llama`: SentencePiece's BPE. Neighbours that together are a token are joined, the best score first; a
 * character that is no token is spelled by tokens for its bytes.
 */
export function createSentencePiece(metadata: Metadata, vocabulary: Vocabulary): TokenizerModel {
  const encoder = new PieceEncoder(metadata, vocabulary);
  const addsSpacePrefix = booleanAt(metadata, 'tokenizer.ggml.add_space_prefix') ?? true;
  return {
    encode(text, isAfterSpecial, output) {
      const prefix = addsSpacePrefix && isAfterSpecial ? SPACE_MARK : '';
      encoder.encode(prefix + markSpaces(text), output);
    },
    bytes: (id) => unmarkedBytes(vocabulary.texts[id] ?? ''),
    added: addedTokens(metadata, vocabulary, true),
    addsSpacePrefix,
    notes: [],
  };
}

/** A text whose characters are being joined. Positions are characters. */
interface Work {
  readonly text: string;
  /** Where each character begins, in UTF-16 units; then the text's length. */
  readonly starts: Int32Array;
  readonly chain: SymbolChain;
  /** By position: in how many UTF-16 units the symbol there ends. */
  readonly ends: Int32Array;
  /** Candidate joins; each join takes one out and puts at most two in, so two a character are enough. */
  readonly heap: NumberHeap;
}

class PieceEncoder {
  readonly #idOf: ReadonlyMap<string, TokenId>;
  /** By byte: its token, else the unknown one, -1 for none. */
  readonly #byteIds: Int32Array;
  readonly #utf8 = new TextEncoder();
  /** One character in UTF-8. */
  readonly #buffer = new Uint8Array(4);
  /** By id. */
  readonly #ranks: Int32Array;
  readonly #longestToken: number;

  constructor(metadata: Metadata, vocabulary: Vocabulary) {
    this.#idOf = vocabulary.idOf;
    this.#byteIds = Int32Array.from(BYTE_NAMES, (name) => vocabulary.idOf.get(name) ?? vocabulary.unknownId ?? -1);
    this.#ranks = readScoreRanks(metadata, vocabulary.texts.length);
    this.#longestToken = vocabulary.longestTextUnits;
  }

  /** Appends the ids of a text of less than 2^24 characters. */
  encode(text: string, output: TokenId[]): void {
    const work = beginWork(text);
    const length = work.starts.length - 1;
    for (let at = 0; at + 1 < length; at += 1) this.#propose(work, at);
    this.#join(work);
    for (let at = 0; at >= 0 && at < length; at = work.chain.next(at)) this.#emit(work, at, output);
  }

  #join(work: Work): void {
    const { chain, ends, heap } = work;
    while (heap.size > 0) {
      const key = heap.pop();
      const rank = Math.floor(key / POSITION_SPAN);
      const left = key % POSITION_SPAN;
      if (chain.isGone(left) || this.#rankAt(work, left) !== rank) continue;
      ends[left] = ends[chain.next(left)] ?? 0;
      chain.joinNext(left);
      const previous = chain.previous(left);
      if (previous >= 0) this.#propose(work, previous);
      this.#propose(work, left);
    }
  }

  #propose(work: Work, left: number): void {
    const rank = this.#rankAt(work, left);
    if (rank >= 0) work.heap.push(rank * POSITION_SPAN + left);
  }

  /** Rank of joining the symbol at `left` with its next one, -1 where they make no token. */
  #rankAt(work: Work, left: number): number {
    const right = work.chain.next(left);
    if (right < 0) return -1;
    const start = work.starts[left] ?? 0;
    const end = work.ends[right] ?? 0;
    if (end - start > this.#longestToken) return -1;
    const id = this.#idOf.get(work.text.slice(start, end));
    return id === undefined ? -1 : (this.#ranks[id] ?? -1);
  }

  #emit(work: Work, at: number, output: TokenId[]): void {
    const text = work.text.slice(work.starts[at], work.ends[at]);
    const id = this.#idOf.get(text);
    if (id !== undefined) {
      output.push(id);
      return;
    }
    // what was joined is a token, so this is one character
    const { written } = this.#utf8.encodeInto(text, this.#buffer);
    for (const byte of this.#buffer.subarray(0, written)) {
      const byteId = this.#byteIds[byte] ?? -1;
      if (byteId >= 0) output.push(tokenId(byteId));
    }
  }
}

function beginWork(text: string): Work {
  const starts = new Int32Array(text.length + 1);
  let length = 0;
  let start = 0;
  for (const character of text) {
    starts[length] = start;
    length += 1;
    start += character.length;
  }
  starts[length] = start;
  const chain = new SymbolChain(length);
  chain.begin(length);
  return {
    text,
    starts: starts.subarray(0, length + 1),
    chain,
    ends: starts.slice(1, length + 1),
    heap: new NumberHeap(2 * length),
  };
}
