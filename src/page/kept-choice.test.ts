import { describe, expect, it } from 'vitest';
import { keptModel, unfinished } from '../../test/support/fake-model-store';
import { choiceOfEntry, choiceOfPartial, isAddressOf } from './kept-choice';

const HUB = 'https://huggingface.co/owner/repo/resolve/main/';

describe('a kept model', () => {
  it('is loaded by its hash, and known by the addresses that it came from', () => {
    const entry = keptModel({ fileName: 'a.gguf', sizeBytes: 7 });
    expect(choiceOfEntry(entry)).toEqual({
      reference: `sha256:${entry.sha256}`,
      name: 'a.gguf',
      local: true,
      sha256: entry.sha256,
      sizeBytes: 7,
      addresses: entry.names,
    });
  });

  it('that is a part of one is loaded by its address, which leads to the others', () => {
    const address = 'https://example.org/m-00002-of-00003.gguf';
    const entry = keptModel({ fileName: 'm-00002-of-00003.gguf', names: [address] });
    expect(choiceOfEntry(entry)).toEqual({ reference: address, name: 'm-00002-of-00003.gguf', local: false });
  });
});

describe('an unfinished download', () => {
  it('goes on from its address', () => {
    expect(choiceOfPartial(unfinished({ address: 'https://example.org/a.gguf', sizeBytes: 9 }))).toMatchObject({
      reference: 'https://example.org/a.gguf',
      sizeBytes: 9,
    });
  });

  it.each([{ reason: 'Its journal is damaged.' }, { address: 'part:ab' }])(
    'of which nothing is of use does not',
    (how) => {
      expect(choiceOfPartial(unfinished(how))).toBeNull();
    },
  );

  it.each([
    ['https://example.org/a.gguf', 'https://example.org/a.gguf', true],
    ['https://example.org/a.gguf', 'https://example.org/b.gguf', false],
    [`${HUB}x.gguf`, 'hf:owner/repo/x.gguf', true],
    [`${HUB}a%20b/x.gguf`, 'hf:owner/repo/a b/x.gguf', true],
    [`${HUB}x.gguf`, 'hf:owner/other/x.gguf', false],
    [`${HUB}x-Q4_K_M.gguf`, 'hf:owner/repo:q4_k_m', true],
    [`${HUB}x-Q8_0.gguf`, 'hf:owner/repo:Q4_K_M', false],
    [`${HUB}x-00001-of-00003.gguf`, 'hf:owner/repo/x-00003-of-00003.gguf', true],
    ['part:ab', 'https://example.org/a.gguf', false],
  ])('%s belongs to %s: %s', (address, reference, belongs) => {
    expect(isAddressOf(address, { reference, name: 'x', local: false })).toBe(belongs);
  });

  it('is none of a file’s', () => {
    const choice = { reference: new File([], 'a.gguf'), name: 'a.gguf', local: true };
    expect(isAddressOf('https://example.org/a.gguf', choice)).toBe(false);
  });
});
