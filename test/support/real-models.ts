import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Oracle, RealFile } from '../models/real-model';

/** Where a real model lies. Throws where it is missing: it is never skipped. */
export function realModelPath(name: string): string {
  const path = join(process.env['FORGELIGHT_MODELS'] || 'models', `${name}.gguf`);
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`npm test\`, which fetches it`);
  return path;
}

/** A real model and its oracle, read by Node. */
export function readRealModel(name: string): RealFile {
  const bytes = readFileSync(realModelPath(name));
  return { bytes, oracle: JSON.parse(readFileSync(`test/fixtures/oracle/${name}.json`, 'utf8')) as Oracle };
}
