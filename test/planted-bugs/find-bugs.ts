import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin, runnerImport } from 'vite';
import { expect, it } from 'vitest';
import { assert } from '../../src/base/assert';
import type { PlantedBug } from './planted-bug';
import type { FindViolation } from './violation';

const ROOT = resolve(import.meta.dirname, '../..');
const SEED = 20260801;
/** A bug that has no seed of its own is met well before. */
const MAX_SCHEDULES = 2000;

/** Plants each of `bugs` into a copy of the code in memory: who is to notice it must notice it. */
export function findEach(bugs: readonly PlantedBug[]): void {
  it.each(bugs.map((bug) => [bug.name, bug] as const))('%s', { timeout: 120_000 }, async (_, bug) => {
    if (bug.seenBy === undefined) await findBySimulation(bug);
    else await findByTest(bug, bug.seenBy);
  });
}

async function findBySimulation(bug: PlantedBug): Promise<void> {
  const helper = pathToFileURL(join(ROOT, 'scripts/lib/planted-bug.mjs')).href;
  const { plantedBug } = (await import(helper)) as { plantedBug: (bug: PlantedBug) => Plugin };
  const file = bug.simulation === undefined ? 'violation.ts' : `${bug.simulation}-violation.ts`;
  const { module } = await runnerImport<{ violation: FindViolation }>(join(import.meta.dirname, file), {
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    plugins: [plantedBug(bug)],
  });
  const found = await module.violation(bug.seed ?? SEED, MAX_SCHEDULES);
  assert(found !== null, `no schedule shows '${bug.name}' (${bug.why}): the simulation has to become stronger`);
  // Not the planted text itself: a name that is not defined would be noticed for nothing.
  expect(found.error).toMatchObject({ name: bug.crashes === true ? 'TypeError' : /^(Invariant)?Error$/ });
}

interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Runs one unit test on the code with the mistake, in a process of its own. */
async function findByTest(bug: PlantedBug, { file, test }: { file: string; test: string }): Promise<void> {
  const name = test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const args = ['run', '--project', 'unit', file, '-t', `^${name}$`, '--reporter=json'];
  const env = { ...process.env, PLANTED_BUG: JSON.stringify(bug) };
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], { cwd: ROOT, env });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  await new Promise((closed) => child.on('close', closed));
  const { testResults } = JSON.parse(output) as Report;
  const run = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => fullName === test);
  expect(run.map(({ status }) => status)).toEqual(['failed']);
}
