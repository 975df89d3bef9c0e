import { expect, it } from 'vitest';
import { perplexityOf, SmolLm2 } from '../models/smollm2-model';

it('SmolLM2 gives the exact perplexity of 256 tokens', async () => {
  const model = await SmolLm2.load();
  try {
    const ids = model.oracle.perplexity.ids.slice(0, 256);
    const logits = await model.evaluate(ids, [...ids.keys()]);
    const perplexity = perplexityOf(logits, ids);
    console.log(`perplexity ${perplexity}, exact ${model.oracle.perplexity.exactFirst256}`);
    expect(Math.abs(perplexity / model.oracle.perplexity.exactFirst256 - 1)).toBeLessThan(1e-3);
  } finally {
    model.close();
  }
});
