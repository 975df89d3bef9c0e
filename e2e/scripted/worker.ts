import { expose } from 'comlink';
import type { WorkerReady } from '../../src/protocol/worker-ready';
import { ScriptedHost } from './scripted-host';

expose(new ScriptedHost());
postMessage({ type: 'forgelight:worker-ready', lock: null } satisfies WorkerReady);
