import { join } from 'node:path';
import * as v from 'valibot';
import { readIfThere, writePrivate } from './private-file';

const schema = v.object({
  /** What was tested: the GPU's name, what it is and which driver it has, and the build of the kernels. */
  device: v.string(),
  features: v.array(v.string()),
  build: v.string(),
  /** A sentence each; none: it computes rightly. */
  problems: v.array(v.string()),
});

export type SelfTestRecord = v.InferOutput<typeof schema>;

const fileIn = (folder: string): string => join(folder, 'selftest.json');

/** What `forgelight selftest` found last; `null` where it has not run. */
export async function readSelfTest(folder: string): Promise<SelfTestRecord | null> {
  let value: unknown;
  try {
    value = JSON.parse((await readIfThere(fileIn(folder))) ?? 'null');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null; // not written by this command: testing again is all that it takes
  }
  const result = v.safeParse(schema, value);
  return result.success ? result.output : null;
}

export function writeSelfTest(folder: string, record: SelfTestRecord): Promise<void> {
  return writePrivate(fileIn(folder), record);
}

export type SelfTestVerdict =
  | { readonly is: 'passed'; readonly device: string }
  | { readonly is: 'failed'; readonly device: string; readonly reason: string }
  /** Of another GPU, another driver or other kernels, a test says nothing. */
  | { readonly is: 'never' };

/** What is known of a device. */
export function verdictOn(
  { name, features, build }: { readonly name: string; readonly features: readonly string[]; readonly build: string },
  record: SelfTestRecord | null,
): SelfTestVerdict {
  const isOfIt =
    record !== null &&
    record.device === name &&
    record.build === build &&
    record.features.join() === [...features].join();
  if (!isOfIt) return { is: 'never' };
  const reason = record.problems.join('; ');
  return reason === '' ? { is: 'passed', device: name } : { is: 'failed', device: name, reason };
}
