import { readFile } from 'node:fs/promises';
import type { ZooFile, ZooReference } from '../models/zoo-suite';

/** A model of test/fixtures/zoo with its reference answers, read by Node. */
export async function readZoo(name: string): Promise<ZooFile> {
  const [model, reference] = await Promise.all([
    readFile(`test/fixtures/zoo/${name}.gguf`),
    readFile(`test/fixtures/zoo/${name}.json`, 'utf8'),
  ]);
  return { bytes: new Uint8Array(model), reference: JSON.parse(reference) as ZooReference };
}
