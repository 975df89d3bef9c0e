import { describe, expect, it } from 'vitest';
import type { FitReport } from '../client/index';
import { refuseUnsupported } from './read-header';

const report = (about: Partial<FitReport>): FitReport =>
  ({ verdict: 'fits', reason: 'So it is.', ...about }) as FitReport;

describe('what a header tells against loading the model', () => {
  it.each(['fits', 'fits-shorter', 'too-big'] as const)('is nothing where it %s: memory is guessed', (verdict) => {
    expect(() => refuseUnsupported(report({ verdict }), 'x')).not.toThrow();
  });

  it('is that it makes embeddings', () => {
    const refuse = (): void => refuseUnsupported(report({ purpose: 'embedding' }), 'minilm.gguf');
    expect(refuse).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^minilm\.gguf makes embeddings/) }),
    );
  });

  it('is what no device helps, by the code of a load', () => {
    const refuse = (about: Partial<FitReport>) => () =>
      refuseUnsupported(report({ verdict: 'unsupported', ...about }), 'x');
    const code = 'unsupported-quantisation';
    expect(refuse({ code })).toThrow(expect.objectContaining({ code, message: 'So it is.' }));
    // A daemon of an older version says no code.
    expect(refuse({})).toThrow(expect.objectContaining({ code: 'unsupported-architecture' }));
  });
});
