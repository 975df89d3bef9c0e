import { tokenId, type TokenId } from '../base/ids';
import { findEndIds } from './end-tokens';
import { badMetadata, idAt, numbersAt, stringsAt, type Metadata } from './metadata';

/** Token types as GGUF numbers them (`tokenizer.ggml.token_type`). */
export const TOKEN_KIND = {
  undefined: 0,
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

/** The tokens of a model, whatever the algorithm that uses them. */
export interface Vocabulary {
  /** By id, in the file's spelling. */
  readonly texts: readonly string[];
  /** By id: values of `TOKEN_KIND`. */
  readonly kinds: Uint8Array;
  readonly idOf: ReadonlyMap<string, TokenId>;
  readonly bosId: TokenId | null;
  readonly eosId: TokenId | null;
  /** What stands for text that cannot be spelled. */
  readonly unknownId: TokenId | null;
  /** What ends each of several texts (`[SEP]`). */
  readonly separatorId: TokenId | null;
  readonly endIds: ReadonlySet<TokenId>;
  /** Length of the longest token, in UTF-16 units. */
  readonly longestTextUnits: number;
}

/** Special ids where metadata names none; one that the vocabulary is too small for is none. */
export interface DefaultIds {
  readonly bos?: number;
  readonly eos?: number;
  readonly unknown?: number;
  readonly separator?: number;
}

/** Throws `bad-gguf`, naming the key, for a list that is missing or malformed and for ids outside of the vocabulary. */
export function readVocabulary(metadata: Metadata, defaults: DefaultIds = {}): Vocabulary {
  const texts = stringsAt(metadata, 'tokenizer.ggml.tokens').map((text, id) => text || `[EMPTY_${id}]`);
  if (texts.length === 0) throw badMetadata('tokenizer.ggml.tokens', 'is empty');
  const idOf = indexTexts(texts);
  const kinds = readKinds(metadata, texts.length);
  const id = (name: string, byDefault?: number): TokenId | null => {
    const declared = idAt(metadata, `tokenizer.ggml.${name}_token_id`, texts.length);
    if (declared !== null || byDefault === undefined || byDefault >= texts.length) return declared;
    return tokenId(byDefault);
  };
  const eosId = id('eos', defaults.eos);
  const declaredEnds = [eosId, id('eot'), id('eom'), id('fim_pad'), id('fim_rep'), id('fim_sep')];
  const { endIds, kindOf } = findEndIds(idOf, declaredEnds);
  for (const [changedId, kind] of kindOf) kinds[changedId] = TOKEN_KIND[kind];
  return {
    texts,
    kinds,
    idOf,
    bosId: id('bos', defaults.bos),
    eosId,
    unknownId: id('unknown', defaults.unknown),
    // GGUF's own spelling
    separatorId: id('seperator', defaults.separator),
    endIds,
    longestTextUnits: texts.reduce((longest, text) => Math.max(longest, text.length), 0),
  };
}

function indexTexts(texts: readonly string[]): Map<string, TokenId> {
  const idOf = new Map<string, TokenId>();
  for (let id = 0; id < texts.length; id += 1) {
    const text = texts[id] ?? '';
    idOf.set(text, tokenId(id));
    if (idOf.size <= id)
      throw badMetadata('tokenizer.ggml.tokens', `has ${JSON.stringify(text)} twice (the second at ${id})`);
  }
  return idOf;
}

/** Without the list every token is normal; a type that GGUF does not know is `undefined`. */
function readKinds(metadata: Metadata, length: number): Uint8Array {
  const listed = numbersAt(metadata, 'tokenizer.ggml.token_type', length);
  const kinds = new Uint8Array(length).fill(TOKEN_KIND.normal);
  if (listed === null) return kinds;
  for (let id = 0; id < length; id += 1) {
    const kind = listed[id] ?? -1;
    kinds[id] = kind >= 0 && kind <= TOKEN_KIND.byte ? kind : TOKEN_KIND.undefined;
  }
  return kinds;
}
