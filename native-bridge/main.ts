#!/usr/bin/env node
import { runCli } from './cli/run-cli';
import { nodeTerminal } from './cli/node-terminal';
import { runEngineProcess } from './engine/engine-process';
import { runProbeProcess } from './engine/probe-process';

/** What the daemon starts this file as, instead of a command: it ends by itself, or with the daemon. */
const PROCESSES: Readonly<Record<string, () => Promise<never>>> = {
  'engine-process': runEngineProcess,
  'probe-process': runProbeProcess,
};

const args = process.argv.slice(2);
const role = args[0] ?? '';
if (Object.hasOwn(PROCESSES, role)) await PROCESSES[role]?.();

const terminal = nodeTerminal();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (name === 'SIGINT' && terminal.interrupt()) return;
    // Whoever asks twice does not want to wait for what is still to be written down.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new DOMException(`Stopped by ${name}.`, 'AbortError'));
  });
}

process.exitCode = await runCli(args, {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  terminal,
  env: process.env,
  signal: stop.signal,
  fetch: globalThis.fetch,
});
