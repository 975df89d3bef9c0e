import { unreachable } from '../../src/base/assert';
import { formatBytes } from '../../src/base/units';
import { printable } from '../server/log-format';
import { daemonUrl } from '../state/ask-daemon';
import { daemonAnswerer } from './answerer';
import type { CommandInput } from './run-cli';
import { daemonState, runningDaemon, type DaemonState } from './running-daemon';

/** What the daemon has loaded, on which device, with how much memory, and how many requests run. */
export async function ps({ host, options }: CommandInput): Promise<void> {
  const record = await runningDaemon(host);
  const { version, backend, state, requests, pid } = await daemonState(record, host);
  const stats =
    state.status === 'ready' && backend === 'engine'
      ? await daemonAnswerer(record, host.fetch).stats(state.model, host.signal)
      : null;
  const memoryBytes = stats?.gpuBytes ?? null;
  if (options['json'] === true) {
    const shown = { pid, url: daemonUrl(record), version, backend, state, requests, memoryBytes };
    return host.out(`${JSON.stringify(shown, null, 2)}\n`);
  }
  host.out(
    `Forgelight ${version} at ${daemonUrl(record)}, process ${pid}\n${backend === 'upstream' ? upstreamWords(state) : wordsOf(state)}\n`,
  );
  if (memoryBytes !== null) host.out(`Memory of the device: ${formatBytes(memoryBytes)}\n`);
  host.out(`Requests: ${requests}\n`);
}

/** A server elsewhere has loaded what it has loaded. */
function upstreamWords(state: DaemonState['state']): string {
  return state.status === 'ready'
    ? `Passes requests on to ${printable(state.device.replace(/^upstream: /, ''))}`
    : wordsOf(state);
}

function wordsOf(state: DaemonState['state']): string {
  switch (state.status) {
    case 'idle':
      return 'Nothing is loaded.';
    case 'loading': {
      const percent = state.total === 0 ? 0 : Math.floor((state.loaded / state.total) * 100);
      return `Loading: ${printable(state.model)}, ${percent} %`;
    }
    case 'ready':
      return `Loaded: ${printable(state.model) || 'a model without a name'}, on ${printable(state.device)}`;
    case 'restarting':
      return `The engine is started again (attempt ${state.attempt}): ${printable(state.model)}`;
    case 'failed':
      return `Failed: ${state.error.message}`;
    default:
      return unreachable(state);
  }
}
