import { readAsker, type Asker, type OriginRules } from './origins';
import {
  checkBodyHeaders,
  readHeaders,
  readHost,
  readMethod,
  readTarget,
  type Headers,
  type RawHead,
  type Target,
} from './request-head';

export interface GuardRules extends OriginRules {
  /** `name:port` of each address that the daemon answers for, in lower case. */
  readonly hosts: readonly string[];
}

/** A request that may be routed. */
export interface PassedHead extends Target {
  readonly method: string;
  readonly headers: Headers;
  readonly asker: Asker;
}

/**
 * Looks at a request before anything else does, or throws what it is refused with. Pure: it knows nothing of sockets, and the order is
 * its own: the host comes first, because a foreign name that resolves to this computer makes any page its owner's (DNS rebinding).
 */
export function examine(head: RawHead, rules: GuardRules): PassedHead {
  const host = readHost(head.rawHeaders, rules.hosts);
  const headers = readHeaders(head.rawHeaders);
  const method = readMethod(head);
  const target = readTarget(head.target);
  const asker = readAsker(host, target.path, method, headers, rules);
  checkBodyHeaders(method, headers);
  return { ...target, method, headers, asker };
}

/** Names under which the daemon is reached: every one of loopback, and the one that it was told to listen on. */
export function ownHosts(host: string, port: number): readonly string[] {
  const named = host.includes(':') ? `[${host}]` : host;
  const names = new Set(['127.0.0.1', 'localhost', '[::1]', named.toLowerCase()]);
  const hosts = [...names].map((name) => `${name}:${port}`);
  return port === 80 ? [...hosts, ...names] : hosts; // browsers leave the usual port out
}
