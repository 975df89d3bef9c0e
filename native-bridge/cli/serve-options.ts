import { networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { ForgelightError } from '../../src/base/errors';
import type { CommandInput } from './run-cli';

export const SERVE_DEVICES = ['auto', 'hip', 'upstream', 'reference'] as const;
export type ServeDevice = (typeof SERVE_DEVICES)[number];

export interface ServeOptions {
  readonly host: string;
  /** Names that the daemon answers for besides, where it listens on every address. */
  readonly otherNames: readonly string[];
  readonly port: number;
  readonly model: string | null;
  readonly device: ServeDevice;
  /** Addresses as they were written; more than one may stand in one text. */
  readonly upstreams: readonly string[];
  readonly isJson: boolean;
  readonly isVerbose: boolean;
}

const DEFAULT_PORT = 8788;

/** What `forgelight serve` takes on its command line. */
export const SERVE_ARGUMENTS = {
  host: { type: 'string' },
  port: { type: 'string' },
  model: { type: 'string' },
  device: { type: 'string' },
  upstream: { type: 'string', multiple: true },
  verbose: { type: 'boolean' },
  'allow-network': { type: 'boolean' },
} as const;

type Given = CommandInput['options'];
type Env = Readonly<Record<string, string | undefined>>;

/** The command line's options, then the environment's, then what is usual. Throws `invalid-request` naming the option at fault. */
export function readServeOptions(given: Given, env: Env): ServeOptions {
  const text = (option: string, variable: string): string | null => {
    const value = given[option];
    return (typeof value === 'string' ? value : env[variable]) || null;
  };
  const upstreams = Array.isArray(given['upstream']) ? given['upstream'].map(String) : [];
  const fromEnv = env['FORGELIGHT_UPSTREAM'] || '';
  const host = text('host', 'FORGELIGHT_HOST') ?? '127.0.0.1';
  checkHost(host, given['allow-network'] === true);
  return {
    host,
    otherNames: isEveryAddress(host) ? addressesOfThisComputer() : [],
    port: readPort(text('port', 'FORGELIGHT_PORT')),
    model: text('model', 'FORGELIGHT_MODEL'),
    device: readDevice(text('device', 'FORGELIGHT_DEVICE') ?? 'auto'),
    upstreams: upstreams.length === 0 && fromEnv !== '' ? [fromEnv] : upstreams,
    isJson: given['json'] === true,
    isVerbose: given['verbose'] === true,
  };
}

function checkHost(host: string, isAllowed: boolean): void {
  if (!/^[a-z0-9.:-]+$/i.test(host)) {
    throw invalid('host', `--host must be an address or a name, and is "${host}".`);
  }
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (isLoopback || isAllowed) return;
  throw invalid(
    'host',
    `${host} can be reached from other computers, and what they send is not encrypted: whoever listens there reads keys and conversations. ` +
      'Leave --host out to serve this computer alone, or add --allow-network if you want this.',
  );
}

function readPort(text: string | null): number {
  if (text === null) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw invalid('port', `--port must be a number from 0 to 65535, and is "${text}".`);
}

function readDevice(text: string): ServeDevice {
  const device = SERVE_DEVICES.find((name) => name === text);
  if (device !== undefined) return device;
  throw invalid('device', `--device must be ${SERVE_DEVICES.join(', ')}, and is "${text}".`);
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Numbers only: a name could be anybody's. */
function addressesOfThisComputer(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

function invalid(param: string, message: string): ForgelightError {
  return new ForgelightError('invalid-request', message, { param });
}
