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

/** Where a vocabulary has all of `with`, `text` separates parts of one answer and does not end it. */
const EXCEPTIONS: readonly { readonly with: readonly string[]; readonly text: string }[] = [
  { with: ['<|return|>', '<|call|>'], text: '<|end|>' },
  { with: ['<|return|>', '<|calls|>'], text: '<|end|>' },
  { with: ['<|flush|>', '<|call|>'], text: '<|end|>' },
  { with: ['<|flush|>', '<|calls|>'], text: '<|end|>' },
  { with: ['<|tool_response>'], text: '</s>' },
];

/** `declared`: the ids that metadata names. `controlIds` are those found by their text: control, whatever their type. */
export function findEndIds(
  idOf: ReadonlyMap<string, TokenId>,
  declared: readonly (TokenId | null)[],
): { readonly endIds: ReadonlySet<TokenId>; readonly controlIds: ReadonlySet<TokenId> } {
  const controlIds = new Set<TokenId>();
  for (const text of END_TEXTS) {
    const id = idOf.get(text);
    if (id !== undefined) controlIds.add(id);
  }
  const endIds = new Set(controlIds);
  for (const id of declared) if (id !== null) endIds.add(id);
  for (const exception of EXCEPTIONS) {
    const id = idOf.get(exception.text);
    if (id === undefined || !exception.with.every((text) => idOf.has(text))) continue;
    endIds.delete(id);
    controlIds.delete(id);
  }
  return { endIds, controlIds };
}
