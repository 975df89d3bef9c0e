import { stringAt, type Metadata } from './metadata';
import { tokenId, type TokenId } from '../base/ids';
import type { Stripping } from './special-tokens';
import { TOKEN_KIND, type Vocabulary } from './vocabulary';

/** Of Phi-3's special tokens these leave white space alone. */
const PHI3_EXCEPTIONS: ReadonlySet<string> = new Set(['<unk>', '<s>', '<|endoftext|>']);

/**
 * Which special tokens take the white space beside them with them. GGUF has no key for it: llama.cpp goes by the model's name, its
 * pre-tokenizer and its architecture, and this follows it.
 */
export function findStripping(metadata: Metadata, vocabulary: Vocabulary): Stripping {
  const name = (stringAt(metadata, 'general.name') ?? '').toLowerCase();
  const pre = stringAt(metadata, 'tokenizer.ggml.pre') ?? '';
  const architecture = stringAt(metadata, 'general.architecture') ?? '';
  const masks = (text: string): Stripping => ({ before: idsOf(vocabulary, text), behind: new Set() });
  if (/jina-v2-(de|es|code)/.test(pre) || /nomic-bert-moe|jina-bert-v3/.test(architecture)) return masks('<mask>');
  if (/phi-?3/.test(name)) return { before: new Set(), behind: phi3Ids(vocabulary) };
  if (name.includes('modern-bert')) return masks('[MASK]');
  return { before: new Set(), behind: new Set() };
}

function idsOf(vocabulary: Vocabulary, text: string): ReadonlySet<TokenId> {
  const id = vocabulary.idOf.get(text);
  return new Set(id === undefined ? [] : [id]);
}

function phi3Ids({ texts, kinds }: Vocabulary): ReadonlySet<TokenId> {
  const isStripping = (text: string, id: number): boolean =>
    (kinds[id] === TOKEN_KIND.control || kinds[id] === TOKEN_KIND.userDefined || kinds[id] === TOKEN_KIND.unknown) &&
    !PHI3_EXCEPTIONS.has(text);
  return new Set(texts.flatMap((text, id) => (isStripping(text, id) ? [tokenId(id)] : [])));
}
