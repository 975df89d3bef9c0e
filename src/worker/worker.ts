import { expose } from 'comlink';
import { WORKER_READY } from '../protocol/worker-ready';
import { WorkerHost } from './worker-host';

expose(new WorkerHost());
postMessage(WORKER_READY);
