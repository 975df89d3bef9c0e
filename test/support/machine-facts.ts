import { MIB } from '../../src/base/units';
import type { MachineFacts } from '../../src/page/machine-report';

/** What a machine can do that has a graphics processor. */
export const MACHINE_FACTS: MachineFacts = {
  graphics: {
    ok: true,
    report: {
      adapter: { vendor: 'intel', architecture: 'gen-12lp', device: '', description: '' },
      features: ['shader-f16', 'subgroups'],
      usedFeatures: ['subgroups'],
      limits: { maxBufferSize: 2048 * MIB, maxComputeInvocationsPerWorkgroup: 1024 },
      memoryBudgetBytes: 8192 * MIB,
      build: 'b',
      kernels: [
        {
          format: 'Q4_1',
          precision: 'exact',
          rows: 'up to 16 rows',
          matvec: 'lanes',
          widths: [1, 2, 4],
          chunks: [64, 256],
          notes: ['The kernel matvec subgroup computes wrongly here and is not used.'],
        },
      ],
    },
  },
  bandwidth: null,
  storage: { usedBytes: 98_362_432, quotaBytes: 10_000_000_000, isPersisted: false },
  browser: { browser: 'chrome', version: 140, system: 'linux', isSecure: true, isOnline: true, userAgent: 'Agent/1' },
};
