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

/** `name:port` of every name of loopback, and of those that the daemon was told to listen on. */
export function ownHosts(names: readonly string[], port: number): readonly string[] {
  const written = names.map((name) => (name.includes(':') ? `[${name}]` : name).toLowerCase());
  const all = [...new Set(['127.0.0.1', 'localhost', '[::1]', ...written])];
  const hosts = all.map((name) => `${name}:${port}`);
  return port === 80 ? [...hosts, ...all] : hosts; // browsers leave the usual port out
}
