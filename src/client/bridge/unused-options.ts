import type { LoadOptions } from '../../protocol/engine-port';

type Usual = Pick<LoadOptions, 'maxConcurrent' | 'maxQueued' | 'kvCacheType' | 'precision'>;

/** What is so where nobody says otherwise, in a page and at the daemon. Its schema is not fetched a second time for that. */
const USUAL: Usual = { maxConcurrent: 8, maxQueued: 64, kvCacheType: 'f16', precision: 'exact' };
const USUAL_TIMEOUTS = { stepMs: 120_000, requestMs: 3_600_000 } as const;

const OPTIONS = ['contextLength', 'maxConcurrent', 'maxQueued', 'kvCacheType', 'kvCacheTokens', 'precision'] as const;
const TIMEOUTS = ['stepMs', 'requestMs'] as const;

/** For `info.notes`: which options do nothing at a bridge, whose engine is everybody's there. `contextLength`: what it has, where it says so. */
export function unusedOptions(load: LoadOptions, contextLength?: number): readonly string[] {
  const has: Partial<LoadOptions> = { ...USUAL, ...(contextLength !== undefined && { contextLength }) };
  const names = [
    ...OPTIONS.filter((name) => load[name] !== undefined && load[name] !== has[name]),
    ...TIMEOUTS.filter((name) => load.timeouts[name] !== USUAL_TIMEOUTS[name]).map((name) => `timeouts.${name}`),
  ];
  const [last, ...others] = names.toReversed();
  if (last === undefined) return [];
  const list = others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
  return [`The bridge has its own settings: ${list} ${others.length === 0 ? 'was' : 'were'} not used.`];
}
