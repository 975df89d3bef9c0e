import { describe, expect, it } from 'vitest';
import { tinyFile } from '../../test/support/tiny-llama';
import { describeNetwork } from './registry';

describe('describeNetwork', () => {
  it('reads an architecture it knows', () => {
    expect(describeNetwork(tinyFile()).layers).toHaveLength(2);
  });

  it.each(['rwkv7', 'toString', '__proto__', ''])('names an architecture it does not know: "%s"', (architecture) => {
    const file = tinyFile({ metadata: { 'general.architecture': architecture } });
    expect(() => describeNetwork(file)).toThrow(
      expect.objectContaining({
        code: 'unsupported-architecture',
        message: expect.stringMatching(
          `^The architecture "${architecture}" is not supported yet. Choose a model of: .*\\bllama\\b`,
        ),
      }),
    );
  });

  it('says what a file without an architecture lacks', () => {
    const file = tinyFile({ metadata: { 'general.architecture': undefined } });
    expect(() => describeNetwork(file)).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining('general.architecture') }),
    );
  });
});
