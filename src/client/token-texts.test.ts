import { describe, expect, it } from 'vitest';
import { tokenId } from '../base/ids';
import { TokenTexts } from './token-texts';

const rated = { tokenId: tokenId(7), logprob: -1, top: [] };

describe('TokenTexts', () => {
  it('takes a text from its bytes where they are told: a text by itself has lost the space before it', async () => {
    const texts = new TokenTexts(() => Promise.resolve('the'));
    const bytes = [...new TextEncoder().encode(' the')];
    expect(await texts.entry({ ...rated, bytes })).toEqual({ token: ' the', logprob: -1, bytes, top_logprobs: [] });
    expect(await texts.entry({ ...rated, bytes: [0xe2] })).toMatchObject({ token: '\uFFFD', bytes: [0xe2] });
    expect(await texts.entry(rated)).toMatchObject({ token: 'the', bytes: bytes.slice(1) });
  });

  it('asks again where it was not told', async () => {
    let asked = 0;
    const texts = new TokenTexts(() => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error('broke off')) : Promise.resolve('the');
    });
    await expect(texts.entry({ ...rated, top: [rated] })).rejects.toThrow('broke off');
    expect(asked).toBe(1);
    expect(await texts.entry(rated)).toMatchObject({ token: 'the' });
    expect(await texts.entry(rated)).toMatchObject({ token: 'the' });
    expect(asked).toBe(2);
  });
});
