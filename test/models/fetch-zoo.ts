import type { ZooFile, ZooReference } from './zoo-suite';

/** A model of the zoo and its reference, in a browser. */
export async function fetchZoo(name: string): Promise<ZooFile> {
  const [model, reference] = await Promise.all([
    fetch(`/fixtures/zoo/${name}.gguf`),
    fetch(`/fixtures/zoo/${name}.json`),
  ]);
  return { bytes: new Uint8Array(await model.arrayBuffer()), reference: (await reference.json()) as ZooReference };
}
