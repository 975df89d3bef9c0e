import { join } from 'node:path';
import * as v from 'valibot';
import { readIfThere, writePrivate } from './private-file';

const schema = v.object({
  /** What was tested: the GPU's name, what it is and which driver it has, and the build of the kernels. */
  device: v.string(),
  features: v.array(v.string()),
  build: v.string(),
  /** For which it is not used, a sentence each; none: it computes rightly. */
  problems: v.pipe(v.array(v.string()), v.readonly()),
  /** Of each block format that was tested, by its type: for which models that have it are refused. */
  formats: v.record(v.string(), v.pipe(v.array(v.string()), v.readonly())),
});

export type SelfTestRecord = Readonly<v.InferOutput<typeof schema>>;

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
  /** `without`: block formats that it computes wrongly. */
  | { readonly is: 'passed'; readonly device: string; readonly without: readonly string[] }
  | { readonly is: 'failed'; readonly device: string; readonly reason: string }
  /** Of another GPU, another driver or other kernels, a test says nothing. */
  | { readonly is: 'never' };

const FEW = 3;

/** Problems in a sentence for people, which is not longer where there are hundreds: all are in the file. */
export function fewOf(problems: readonly string[]): string {
  const more = problems.length - FEW;
  return [...problems.slice(0, FEW), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** What a test and its result are of. */
export interface TestedDevice {
  readonly name: string;
  readonly features: readonly string[];
  readonly build: string;
}

/** The record, where it is this device's, with this driver and these kernels. */
export function recordOf(
  { name, features, build }: TestedDevice,
  record: SelfTestRecord | null,
): SelfTestRecord | null {
  if (record === null || record.device !== name || record.build !== build) return null;
  return record.features.join() === features.join() ? record : null;
}

/** What is known of a device. */
export function verdictOn(device: TestedDevice, record: SelfTestRecord | null): SelfTestVerdict {
  const known = recordOf(device, record);
  if (known === null) return { is: 'never' };
  const reason = fewOf(known.problems);
  if (reason !== '') return { is: 'failed', device: device.name, reason };
  const without = Object.keys(known.formats).filter((type) => (known.formats[type] ?? []).length > 0);
  return { is: 'passed', device: device.name, without };
}
