import { describe, expect, it } from 'vitest';
import { chooseQuantisation, listModels, modelsOf } from './choose-quantisation';

const file = (path: string, sizeBytes = 1_000_000_000) => ({ path, sizeBytes, sha256: null });
const files = [
  '.gitattributes',
  'README.md',
  'm-Q4_K_M.gguf',
  'm-Q4_K_S.gguf',
  'm-UD-Q4_K_XL.gguf',
  'm-Q4_K_XL.gguf',
  'm-q8_0.gguf',
  'm-bf16.gguf',
  'IQ4_XS/m-IQ4_XS-00001-of-00002.gguf',
  'IQ4_XS/m-IQ4_XS-00002-of-00002.gguf',
  'Q6_K/m-Q6_K-00002-of-00003.gguf',
  'mmproj-model-F16.gguf',
  'm.mmproj-Q8_0.gguf',
  'imatrix_unsloth.gguf',
].map((path) => file(path));
const models = modelsOf(files);

function chosen(tag: string, of = models): string | readonly string[] | null {
  const choice = chooseQuantisation(of, tag);
  if (choice.kind === 'chosen') return choice.model.path;
  return choice.kind === 'none' ? null : choice.models.map(({ path }) => path);
}

describe('chooseQuantisation', () => {
  it.each([
    ['Q4_K_M', 'm-Q4_K_M.gguf'],
    ['q4_k_m', 'm-Q4_K_M.gguf'],
    ['Q4_K_XL', 'm-Q4_K_XL.gguf'],
    ['UD-Q4_K_XL', 'm-UD-Q4_K_XL.gguf'],
    ['Q8_0', 'm-q8_0.gguf'],
    ['BF16', 'm-bf16.gguf'],
    ['IQ4_XS', 'IQ4_XS/m-IQ4_XS-00001-of-00002.gguf'],
    ['Q4_K', null],
    ['Q4', null],
    ['Q2_K', null],
    ['F16', null],
    // A part of this one is missing.
    ['Q6_K', null],
  ])('finds %s', (tag, expected) => {
    expect(chosen(tag)).toEqual(expected);
  });

  it('names the candidates where there are several', () => {
    const two = modelsOf([file('a-2b-Q4_0.gguf', 2e9), file('a-8b-Q4_0.gguf', 5e9), file('a-8b-F16.gguf')]);
    expect(chosen('Q4_0', two)).toEqual(['a-2b-Q4_0.gguf', 'a-8b-Q4_0.gguf']);
    expect(listModels(two)).toBe('F16 (1.0 GB), a-2b-Q4_0.gguf (2.0 GB), a-8b-Q4_0.gguf (5.0 GB)');
  });

  it('finds a word of a name that ends otherwise, if it is the only one', () => {
    const odd = modelsOf([file('m-Q4_K_M-v2.gguf'), file('m-chat.gguf'), file('m-chat-2.gguf')]);
    expect(chosen('q4_k_m', odd)).toBe('m-Q4_K_M-v2.gguf');
    expect(chosen('chat', odd)).toEqual(['m-chat.gguf', 'm-chat-2.gguf']);
  });

  it('counts the parts of a set together, in order', () => {
    const [set] = modelsOf([file('x-Q8_0-00002-of-00002.gguf', 3), file('x-Q8_0-00001-of-00002.gguf', 4)]);
    expect(set).toMatchObject({ path: 'x-Q8_0-00001-of-00002.gguf', sizeBytes: 7, quantisation: 'Q8_0' });
    expect(set?.parts.map(({ sizeBytes }) => sizeBytes)).toEqual([4, 3]);
  });
});
