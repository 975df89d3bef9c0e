import { BYTE_CHARACTERS } from '../../src/tokenizer/byte-characters';

/** Metadata of a file that holds a vocabulary and nothing else, by key. */
export type VocabularyMetadata = Readonly<
  Record<string, string | boolean | number | readonly string[] | Int32Array | Float32Array>
>;

const BYTE_TOKENS = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

const CHARACTERS = [
  ...Array.from('▁▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?\'"()[]{}<>/\\|-_+=*&^%$#@~`'),
  ...Array.from('éèüößñøıſΑαβйж中文字の가한ـअ\u0301\u0300\u093f’“…—、。👍🏽👨'),
  '\t',
  '\r',
];

/** Numbers that look random, the same ones on every computer. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Byte-level BPE in which every two bytes merge, in a random order: a word's ids show where it begins and ends, whatever it holds.
 * `pre`: the pre-tokenizer's name.
 */
export function pairVocabulary(pre: string): VocabularyMetadata {
  pairs ??= makePairs();
  return named({ ...pairs, 'tokenizer.ggml.pre': pre });
}

/** The same of all pre-tokenizers; made when first asked for. */
let pairs: VocabularyMetadata | undefined;

function makePairs(): VocabularyMetadata {
  const ends = BYTE_CHARACTERS.flatMap((left) => BYTE_CHARACTERS.map((right) => `${left} ${right}`));
  // an odd multiplier makes this a permutation
  const merges = ends.map((_, rank) => ends[(rank * 40_503 + 12_345) % ends.length] ?? '');
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.tokens': [...BYTE_CHARACTERS, ...merges.map((merge) => merge.replace(' ', '')), '<|end|>'],
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.token_type': Int32Array.from({ length: 257 + merges.length }, (_, id) =>
      id === 256 + merges.length ? 3 : 1,
    ),
    'tokenizer.ggml.add_bos_token': false,
  };
}

/** BPE over characters, as Gemma 4 has it: merges of every two of some characters, then of some pairs with each other. */
export function characterVocabulary(pre: string): VocabularyMetadata {
  const random = createRandom(4);
  const characters = [...new Set(CHARACTERS)];
  const pairs = characters.flatMap((left) => characters.map((right) => [left, right] as const));
  const merges = new Set<string>();
  const tokens = new Set(['<pad>', '<eos>', '<bos>', '<unk>', ...BYTE_TOKENS, '\n', '\n\n', '\n\n\n\n', ...characters]);
  const made: string[] = [];
  for (let rank = 0; rank < 9000; rank += 1) {
    const [left, right] =
      rank < 5000 || rank % 3 === 0
        ? (pairs[random(pairs.length)] ?? ['', ''])
        : [made[random(made.length)] ?? '', made[random(made.length)] ?? ''];
    merges.add(`${left} ${right}`);
    made.push(left + right);
    // one in ten is a step on the way alone, and no token
    if (rank % 10 > 0) tokens.add(left + right);
  }
  return named({
    'tokenizer.ggml.model': pre === 'gemma4' ? 'gemma4' : 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': [...tokens],
    'tokenizer.ggml.merges': [...merges],
    'tokenizer.ggml.token_type': kindsOf([...tokens]),
    'tokenizer.ggml.bos_token_id': 2,
    'tokenizer.ggml.eos_token_id': 1,
  });
}

/** SentencePiece with random tokens of up to six characters, many of them with equal scores. */
export function pieceVocabulary(addsSpacePrefix: boolean): VocabularyMetadata {
  const random = createRandom(7);
  const characters = [...new Set(CHARACTERS)];
  const tokens = new Set(['<unk>', '<s>', '</s>', ...BYTE_TOKENS, '<user>', '\n\n', ...characters.slice(0, -8)]);
  for (let count = 0; count < 12_000; count += 1) {
    const length = 2 + random(count % 5);
    tokens.add(Array.from({ length }, () => characters[random(characters.length)] ?? '').join(''));
  }
  for (const word of 'the he hel ell hello lo wor world ld or ▁w ▁wo ▁h ▁t ▁th ▁the in ing ▁a ▁▁ ▁▁▁▁ 12 23 123'.split(
    ' ',
  ))
    tokens.add(word);
  const texts = [...tokens];
  return named({
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': texts,
    'tokenizer.ggml.scores': Float32Array.from(texts, (_, id) => (id < 259 ? 0 : -random(400) / 8)),
    'tokenizer.ggml.token_type': kindsOf(texts),
    'tokenizer.ggml.add_space_prefix': addsSpacePrefix,
  });
}

function kindsOf(tokens: readonly string[]): Int32Array {
  return Int32Array.from(tokens, (token) => {
    if (/^<0x..>$/.test(token)) return 6;
    if (token === '<unk>') return 2;
    if (token === '<user>' || token === '\n\n') return 4;
    return /^<.+>$/.test(token) && token.length > 2 && /^<\/?[a-z]+>$/.test(token) ? 3 : 1;
  });
}

function named(metadata: VocabularyMetadata): VocabularyMetadata {
  return { 'general.architecture': 'llama', ...metadata };
}
