#!/usr/bin/env node
import { runCli } from './cli/run-cli';
import { nodeTerminal } from './cli/node-terminal';
import { ProcessEndings } from './cli/process-endings';
import { runEngineProcess } from './engine/engine-process';
import { runProbeProcess } from './engine/probe-process';

/** What the daemon starts this file as, instead of a command: it ends by itself, or with the daemon. */
const PROCESSES: Readonly<Record<string, () => Promise<never>>> = {
  'engine-process': () => runEngineProcess(),
  'probe-process': runProbeProcess,
};

const args = process.argv.slice(2);
const role = args[0] ?? '';
if (Object.hasOwn(PROCESSES, role)) await PROCESSES[role]?.();

const terminal = nodeTerminal();
const endings = new ProcessEndings(process, terminal.interrupt);
const code = await runCli(args, {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  outIsTerminal: process.stdout.isTTY === true,
  isTerminal: process.stderr.isTTY === true,
  terminal,
  env: process.env,
  signal: endings.signal,
  fetch: globalThis.fetch,
});
await endings.finish(code);
