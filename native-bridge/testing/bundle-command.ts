import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type InlineConfig } from 'vite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of what was bundled for this run. */
    readonly bundledCommands: string;
  }
}

const ROOT = resolve(import.meta.dirname, '../..');
/** What is run as a process of its own. */
const ENTRIES = {
  'forgelight.js': 'native-bridge/main.ts',
  'mini-daemon.js': 'native-bridge/testing/mini-daemon.ts',
  'falling-engine.js': 'native-bridge/testing/falling-engine.ts',
};

let folder = '';

/** Bundles the command, once for all tests of a run. */
export async function setup({ provide }: TestProject): Promise<void> {
  const helper = pathToFileURL(join(ROOT, 'scripts/lib/command-build.mjs')).href;
  const { commandBuild } = (await import(helper)) as { commandBuild: (options: object) => InlineConfig };
  // Within the project, so that the one dependency which is not inside is found.
  const artifacts = join(ROOT, 'artifacts');
  await mkdir(artifacts, { recursive: true });
  folder = await mkdtemp(join(artifacts, 'command-'));
  for (const [fileName, entry] of Object.entries(ENTRIES))
    await build(commandBuild({ outDir: folder, entry, fileName }));
  provide('bundledCommands', folder);
}

export async function teardown(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
