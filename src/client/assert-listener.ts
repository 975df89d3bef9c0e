import type { EngineEvent } from '../protocol/engine-events';
import { describeValue, invalidField } from '../protocol/schema-parse';

const TYPES: Readonly<Record<EngineEvent['type'], true>> = {
  state: true,
  request: true,
  lost: true,
  restored: true,
  unloaded: true,
};

/** Throws `invalid-request` for an event that no engine tells, and for what cannot be called: neither would ever be heard of again. */
export function assertListener(type: unknown, listener: unknown): void {
  if (typeof type !== 'string' || !Object.hasOwn(TYPES, type)) {
    const known = Object.keys(TYPES).map((name) => JSON.stringify(name));
    throw invalidField('type', `must be ${known.join(' or ')}, got ${describeValue(type)}`);
  }
  if (typeof listener !== 'function') {
    throw invalidField('listener', `must be a function, got ${describeValue(listener)}`);
  }
}
