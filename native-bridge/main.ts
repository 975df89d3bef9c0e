#!/usr/bin/env node
import { runCli } from './cli/run-cli';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Whoever asks twice does not want to wait for what is still to be written down.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new DOMException(`Stopped by ${name}.`, 'AbortError'));
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  env: process.env,
  signal: stop.signal,
  fetch: globalThis.fetch,
});
