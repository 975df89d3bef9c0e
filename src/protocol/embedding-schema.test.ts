import { describe, expect, it } from 'vitest';
import { parseEmbeddingBody } from './embedding-schema';

describe('parseEmbeddingBody', () => {
  it.each([
    ['text', 'Hi', ['Hi'], ['input']],
    ['texts', ['a', 'b'], ['a', 'b'], ['input[0]', 'input[1]']],
    ['one text in an array', ['a'], ['a'], ['input[0]']],
    ['token ids', [5, 0, 7], [[5, 0, 7]], ['input']],
    ['several token ids', [[5, 0], [7]], [[5, 0], [7]], ['input[0]', 'input[1]']],
  ])('takes %s', (_what, input, inputs, names) => {
    expect(parseEmbeddingBody({ input })).toEqual({ model: null, inputs, names, encodingFormat: 'float' });
  });

  it("takes OpenAI's other fields", () => {
    const body = { input: 'Hi', model: 'm', encoding_format: 'base64', user: 'u', dimensions: null };
    expect(parseEmbeddingBody(body)).toMatchObject({ model: 'm', encodingFormat: 'base64' });
    expect(parseEmbeddingBody({ input: 'Hi', encoding_format: null }).encodingFormat).toBe('float');
  });

  it.each([
    [{}, 'input', 'is missing'],
    [{ input: '' }, 'input', 'must be text of 1 to'],
    [{ input: [] }, 'input', 'must be an array of 1 to 2048 texts'],
    [{ input: 7 }, 'input', 'must be text, token ids, or an array of one of them'],
    [{ input: null }, 'input', 'must be text, token ids, or an array of one of them'],
    [{ input: ['a', ''] }, 'input[1]', 'must be text of 1 to'],
    [{ input: ['a', 5] }, 'input[1]', 'must be text of 1 to'],
    [{ input: [5, 'a'] }, 'input[1]', 'must be a whole number'],
    [{ input: [5, -1] }, 'input[1]', 'must be a whole number'],
    [{ input: [5, 0.5] }, 'input[1]', 'must be a whole number'],
    [{ input: [[5], []] }, 'input[1]', 'must be an array of 1 to'],
    [{ input: [[5], [NaN]] }, 'input[1][0]', 'must be a whole number'],
    [{ input: [[5], 'a'] }, 'input[1]', 'must be an array of 1 to'],
    [{ input: [{}] }, 'input[0]', 'must be text of 1 to'],
    [{ input: Array.from({ length: 2049 }, () => 'a') }, 'input', 'must be an array of 1 to 2048 texts'],
    [{ input: 'a', encoding_format: 'int8' }, 'encoding_format', 'must be "float" or "base64"'],
    [{ input: 'a', dimensions: 64 }, 'dimensions', 'is not supported'],
    [{ input: 'a', stream: true }, 'stream', 'is not a known field'],
    [{ input: 'a', inputs: 'b' }, 'inputs', 'did you mean input?'],
  ])('refuses %j', (body, param, message) => {
    expect(() => parseEmbeddingBody(body)).toThrow(
      expect.objectContaining({ code: 'invalid-request', param, message: expect.stringContaining(message) }),
    );
  });
});
