import type { Backend } from './backend';
import type { Routes } from './exchange';

export interface HealthParts {
  readonly backend: Backend;
  readonly isStopping: () => boolean;
  readonly metricsText: () => string;
}

/** For whoever watches over the daemon. */
export function healthRoutes({ backend, isStopping, metricsText }: HealthParts): Routes {
  return {
    'GET /health': {
      access: 'open',
      isWork: false,
      answer: async ({ outlet }) => {
        const state = backend.state();
        const isDown = state.status === 'failed' && backend.kind === 'upstream'; // all of them
        const isWell = state.status === 'ready' || state.status === 'idle' || (state.status === 'failed' && !isDown);
        if (isStopping()) await outlet.json(503, { status: 'stopping' });
        else if (!isWell) await outlet.json(503, { status: state.status });
        // It answers: a model that could not be loaded keeps no other from it, and pages have WebGPU.
        else await outlet.json(200, { status: 'ok', ...(state.status === 'failed' && { failed: state.error.code }) });
      },
    },
    'GET /metrics': {
      access: 'all',
      isWork: false,
      answer: ({ outlet }) => outlet.whole(200, 'text/plain; version=0.0.4; charset=utf-8', Buffer.from(metricsText())),
    },
  };
}
