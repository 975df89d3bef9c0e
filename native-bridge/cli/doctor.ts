import { createRequire } from 'node:module';
import { systemClock as clock } from '../../src/base/system-clock';
import { examine } from '../doctor/examine';
import { nodeMachine } from '../doctor/machine';
import { reportOf } from '../doctor/report';
import { HIP_TARGETS } from '../doctor/targets';
import { libraryNames } from '../hip/hip-library';
import { checkUpstream, type CheckedUpstream } from '../upstream/check-upstream';
import { upstreamAddresses, upstreamKey } from '../upstream/upstream-url';
import type { CliHost, CommandInput } from './run-cli';
import { readServeOptions } from './serve-options';

export const DOCTOR_ARGUMENTS = { upstream: { type: 'string', multiple: true } } as const;

const NOTHING_ANSWERS = 1;

/** Looks whether this computer or an upstream can answer; exit code 1 where neither can. */
export async function doctor({ host, options }: CommandInput): Promise<number> {
  const diagnosis = await examine(nodeMachine(host.env), {
    libraries: libraryNames(host.env, process.platform),
    hasKoffi: canResolve('koffi'),
    targets: HIP_TARGETS,
    hip: null,
    selfTest: { is: 'never' },
    upstreams: await askUpstreams(readServeOptions(options, host.env).upstreams, host),
  });
  host.out(options['json'] === true ? `${JSON.stringify(diagnosis, null, 2)}\n` : reportOf(diagnosis));
  return diagnosis.answers.length > 0 ? 0 : NOTHING_ANSWERS;
}

function askUpstreams(texts: readonly string[], { env, fetch }: CliHost): Promise<readonly CheckedUpstream[]> {
  const key = upstreamKey(env);
  const ports = { clock, fetch, random: Math.random, key };
  return Promise.all(texts.flatMap(upstreamAddresses).map((address) => checkUpstream(address, ports)));
}

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
