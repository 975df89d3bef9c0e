import { describe, expect, it } from 'vitest';
import { readJson, zooMetadata } from '../../test/support/model-metadata';
import { createTokenizer } from './create-tokenizer';

interface ZooFile {
  readonly add_bos: number;
  readonly bos: number;
  readonly eos: number;
  readonly tokenize: readonly {
    readonly text: string;
    readonly add_special: boolean;
    readonly parse_special: boolean;
    readonly ids: readonly number[];
  }[];
}

/** Byte-level BPE but for `gemma3` and `phi3` (SentencePiece) and `minilm` (WordPiece). */
const ZOO =
  'llama smollm2 quant-Q4_1 quant-Q8_0 llama3-tied-ropefreqs mistral-headdim qwen2 qwen3 gemma3 phi3 minilm'.split(' ');

describe.each(ZOO)('llama.cpp on zoo/%s', (name) => {
  const expected = readJson(`test/fixtures/zoo/${name}.json`) as ZooFile;
  const tokenizer = createTokenizer(zooMetadata(name));

  it('has the same special ids', () => {
    expect(tokenizer.bosId).toBe(expected.bos);
    expect(tokenizer.eosId).toBe(expected.eos);
    expect(tokenizer.addsBos).toBe(expected.add_bos === 1);
    expect(tokenizer.endIds).toContain(expected.eos);
    expect(tokenizer.notes).toEqual([]);
  });

  it('covers the 26 cases', () => expect(expected.tokenize).toHaveLength(26));

  it.each(expected.tokenize)('encodes $text (special $add_special, parsed $parse_special)', (example) => {
    const ids = tokenizer.encode(example.text, {
      addSpecial: example.add_special,
      parseSpecial: example.parse_special,
    });
    expect(ids).toEqual(example.ids);
  });
});
