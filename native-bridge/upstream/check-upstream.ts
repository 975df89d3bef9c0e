import { Upstream, type UpstreamPorts } from './upstream';
import type { UpstreamAddress } from './upstream-url';

export interface CheckedUpstream {
  readonly name: string;
  /** A sentence that names it; `null`: it answers. */
  readonly failure: string | null;
  readonly models: number;
}

type Ports = Pick<UpstreamPorts, 'clock' | 'fetch' | 'random' | 'key'>;

/** Asks an upstream for its models, once. */
export async function checkUpstream(address: UpstreamAddress, ports: Ports): Promise<CheckedUpstream> {
  const never = { firstMs: 0, stallMs: 0, checkEveryMs: 0, onChange: () => undefined };
  const upstream = new Upstream(address, { ...ports, ...never });
  await upstream.check();
  upstream.stop();
  const { failure, modelIds } = upstream;
  return { name: address.name, failure: failure?.told(address.name).message ?? null, models: modelIds?.length ?? 0 };
}
