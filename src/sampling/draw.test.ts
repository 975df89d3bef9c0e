import { describe, expect, it } from 'vitest';
import { drawFromVocabulary } from './draw';

describe('drawFromVocabulary', () => {
  // More than are sorted at first: the last of them is found where the nucleus ends, and that alone.
  it.each([100, 255, 256, 257, 1000, 5000])('reaches the end of a nucleus over %i equal logits', (size) => {
    const logits = new Float32Array(size);
    for (const topP of [0.25, 0.5, 0.75]) {
      const kept = Math.ceil(size * topP);
      for (const unit of [0, 0.5, 1 - 2 ** -24]) {
        const drawn = drawFromVocabulary(logits, { temperature: 1, topP, minP: 0 }, unit);
        expect(drawn, `${topP} ${unit}`).toBe(Math.floor(unit * kept));
      }
    }
  });

  it('reaches the end of what min-p leaves', () => {
    const logits = Float32Array.from({ length: 2000 }, (_, id) => (id < 1500 ? 0 : -10));
    expect(drawFromVocabulary(logits, { temperature: 1, topP: 1, minP: 0.5 }, 1 - 2 ** -24)).toBe(1499);
  });
});
