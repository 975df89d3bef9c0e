import { describe, expect, it } from 'vitest';
import { findStripping } from './special-stripping';
import { TOKEN_KIND, type Vocabulary } from './vocabulary';

const TEXTS = ['<s>', '<mask>', '[MASK]', '<|end|>', 'word'];
const { control, normal } = TOKEN_KIND;
const vocabulary = {
  texts: TEXTS,
  kinds: [control, control, control, control, normal],
  idOf: new Map(TEXTS.map((text, id) => [text, id])),
} as unknown as Vocabulary;

const strip = (metadata: Readonly<Record<string, string>>, given = vocabulary): object => {
  const { before, behind } = findStripping(new Map(Object.entries(metadata)), given);
  return { before: [...before], behind: [...behind] };
};

describe('the white space beside special tokens', () => {
  it.each([
    [{ 'tokenizer.ggml.pre': 'jina-v2-de' }, 1],
    [{ 'general.architecture': 'nomic-bert-moe' }, 1],
    [{ 'general.name': 'Modern-BERT base' }, 2],
  ] as readonly (readonly [Readonly<Record<string, string>>, number])[])(
    'goes before the mask of %o',
    (metadata, mask) => {
      expect(strip(metadata)).toEqual({ before: [mask], behind: [] });
      const without = { ...vocabulary, idOf: new Map() } as Vocabulary;
      expect(strip(metadata, without)).toEqual({ before: [], behind: [] });
    },
  );

  it('goes behind all of Phi-3 but its exceptions, and of no other model', () => {
    expect(strip({ 'general.name': 'Phi 3 mini' })).toEqual({ before: [], behind: [] });
    expect(strip({ 'general.name': 'Phi-3 mini' })).toEqual({ before: [], behind: [1, 2, 3] });
  });
});
