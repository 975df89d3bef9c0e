import { expect, it } from 'vitest';
import { createWebGpuDevice } from '../../src/device/webgpu/webgpu-device';
import { fetchRealModel } from '../models/fetch-real-model';
import { perplexityOf, RealModel, SMOLLM2 } from '../models/real-model';

it('SmolLM2 gives the exact perplexity of 256 tokens', async () => {
  const device = await createWebGpuDevice(navigator.gpu);
  const model = await RealModel.load(device, await fetchRealModel(SMOLLM2), { matvec: 'rows' });
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
