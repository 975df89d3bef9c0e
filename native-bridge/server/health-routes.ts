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
        const { status } = backend.state();
        const isWell = status === 'ready' || status === 'idle';
        if (isStopping()) await outlet.json(503, { status: 'stopping' });
        else await outlet.json(isWell ? 200 : 503, { status: isWell ? 'ok' : status });
      },
    },
    'GET /metrics': {
      access: 'granted',
      isWork: false,
      answer: ({ outlet }) => outlet.whole(200, 'text/plain; version=0.0.4; charset=utf-8', Buffer.from(metricsText())),
    },
  };
}
