import type { TokenId } from '../base/ids';

/**
 * Texts that mark the end of an answer in some family of models. Files often forget to declare them, so a token with such a
 * text ends a generation and counts as control, whatever its declared type: the rule of llama.cpp, and its list.
 */
const END_TEXTS = [
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|calls|>',
  '<|flush|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '</s>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<end_of_utterance>',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '<｜end▁of▁sentence｜>',
  '[e~[',
  // fill-in-the-middle: padding, repository and file separators
  '<|fim_pad|>',
  '<fim-pad>',
  '<fim_pad>',
  '<PAD>',
  '[PAD]',
  '<|fim_repo|>',
  '<|repo_name|>',
  '<fim-repo>',
  '<REPO>',
  '<reponame>',
  '<|file_sep|>',
];

/** Texts of fill-in-the-middle: they end nothing, but count as control too. */
const CONTROL_TEXTS = [
  '<|fim_prefix|> <fim-prefix> <fim_prefix> <｜fim▁begin｜> <PRE> ▁<PRE> <|code_prefix|> <|prefix|>',
  '<|fim_suffix|> <fim-suffix> <fim_suffix> <｜fim▁hole｜> <SUF> ▁<SUF> <|code_suffix|> <|suffix|>',
  '<|fim_middle|> <fim-middle> <fim_middle> <｜fim▁end｜> <MID> ▁<MID> <|code_middle|> <|middle|>',
].flatMap((texts) => texts.split(' '));

/** The marks of gpt-oss's channels are part of what an answer shows. */
const SHOWN_TEXTS = ['<|channel|>', '<|message|>', '<|start|>', '<|constrain|>'];

/** Where a vocabulary has all of `with`, `text` separates parts of one answer, or is plain text, and does not end it. */
const EXCEPTIONS: readonly { readonly with: readonly string[]; readonly text: string; readonly kind: FoundKind }[] = [
  { with: ['<|return|>', '<|call|>'], text: '<|end|>', kind: 'userDefined' },
  { with: ['<|return|>', '<|calls|>'], text: '<|end|>', kind: 'userDefined' },
  { with: ['<|flush|>', '<|call|>'], text: '<|end|>', kind: 'userDefined' },
  { with: ['<|flush|>', '<|calls|>'], text: '<|end|>', kind: 'userDefined' },
  { with: ['<|tool_response>'], text: '</s>', kind: 'normal' },
];

type FoundKind = 'control' | 'userDefined' | 'normal';

/** `declared`: the ids that metadata names. `kindOf`: the kinds of tokens that are found by their text, whatever their type says. */
export function findEndIds(
  idOf: ReadonlyMap<string, TokenId>,
  declared: readonly (TokenId | null)[],
): { readonly endIds: ReadonlySet<TokenId>; readonly kindOf: ReadonlyMap<TokenId, FoundKind> } {
  const found = (texts: readonly string[]): TokenId[] => texts.flatMap((text) => idOf.get(text) ?? []);
  const kindOf = new Map<TokenId, FoundKind>();
  const endIds = new Set(found(END_TEXTS));
  for (const id of [...endIds, ...found(CONTROL_TEXTS)]) kindOf.set(id, 'control');
  for (const id of found(SHOWN_TEXTS)) kindOf.set(id, 'userDefined');
  for (const id of declared) if (id !== null) endIds.add(id);
  for (const exception of EXCEPTIONS) {
    const id = idOf.get(exception.text);
    if (id === undefined || !exception.with.every((text) => idOf.has(text))) continue;
    endIds.delete(id);
    kindOf.set(id, exception.kind);
  }
  return { endIds, kindOf };
}
