import { readFile } from 'node:fs/promises';
import type { EmbeddingFile, EmbeddingReference } from '../models/embedding-suite';
import type { ZooFile, ZooReference } from '../models/zoo-suite';

async function readFixture(name: string): Promise<{ bytes: Uint8Array; reference: unknown }> {
  const [model, reference] = await Promise.all([
    readFile(`test/fixtures/zoo/${name}.gguf`),
    readFile(`test/fixtures/zoo/${name}.json`, 'utf8'),
  ]);
  return { bytes: new Uint8Array(model), reference: JSON.parse(reference) as unknown };
}

/** A model of test/fixtures/zoo with its reference answers, read by Node. */
export async function readZoo(name: string): Promise<ZooFile> {
  const { bytes, reference } = await readFixture(name);
  return { bytes, reference: reference as ZooReference };
}

/** The same of a model that makes embeddings. */
export async function readEmbedder(name: string): Promise<EmbeddingFile> {
  const { bytes, reference } = await readFixture(name);
  return { bytes, reference: reference as EmbeddingReference };
}
