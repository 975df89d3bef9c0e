import type { TokenId } from '../base/ids';
import { badMetadata, booleanAt, type Metadata } from './metadata';
import type { AddedTokens } from './tokenizer-model';
import type { Vocabulary } from './vocabulary';

/** BOS and EOS as `tokenizer.ggml.add_bos_token` and `add_eos_token` ask for them. Throws `bad-gguf` where the file names none to add. */
export function addedTokens(metadata: Metadata, vocabulary: Vocabulary, addsBosByDefault: boolean): AddedTokens {
  return {
    before: addedId(metadata, 'bos', addsBosByDefault, vocabulary.bosId),
    behind: addedId(metadata, 'eos', false, vocabulary.eosId),
  };
}

function addedId(metadata: Metadata, name: 'bos' | 'eos', byDefault: boolean, id: TokenId | null): TokenId | null {
  const isAdded = booleanAt(metadata, `tokenizer.ggml.add_${name}_token`) ?? byDefault;
  if (isAdded && id === null)
    throw badMetadata(`tokenizer.ggml.${name}_token_id`, 'is missing, though it is to be added to every text');
  return isAdded ? id : null;
}
