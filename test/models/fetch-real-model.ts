import type { Oracle, RealFile } from './real-model';

/** A real model and its oracle, read by a browser. Throws where the model is missing: it is never skipped. */
export async function fetchRealModel(name: string): Promise<RealFile> {
  const url = `/models/${name}.gguf`;
  const [model, reference] = await Promise.all([fetch(url), fetch(`/fixtures/oracle/${name}.json`)]);
  if (!model.ok) throw new Error(`${url} is not there: run \`npm test\`, which fetches it`);
  return { bytes: new Uint8Array(await model.arrayBuffer()), oracle: (await reference.json()) as Oracle };
}
