import type { Backend } from './backend';
import type { Grant } from './access-book';
import type { PassedHead } from './guard';
import type { Outlet } from './outlet';

/** One request and its answer, as routes see it. */
export interface Exchange {
  readonly head: PassedHead;
  /** Whose token or key came with it; `null` where none did, or none that is in force. */
  readonly grant: Grant | null;
  readonly outlet: Outlet;
  /** The client went away, its access was taken back, or the daemon ends. */
  readonly signal: AbortSignal;
  /** The body, which must be JSON. */
  readonly body: () => Promise<unknown>;
}

export interface Route {
  /** Who may use it: anybody that the guard lets through, whoever has a token or a key, those whose scope is `all`, or this user's own command. */
  readonly access: 'open' | 'granted' | 'all' | 'command';
  /** It computes: how many of these run at once is limited. */
  readonly isWork: boolean;
  /** It tells news until somebody ends it: an ending daemon does not wait for that. */
  readonly isWatch?: true;
  readonly answer: (exchange: Exchange) => Promise<void>;
}

/** `METHOD /path` → route. */
export type Routes = Readonly<Record<string, Route>>;

/** What answers now, in words; `null` where nothing does. */
export function deviceOf(backend: Backend): string | null {
  const state = backend.state();
  return state.status === 'ready' ? state.device : null;
}

/** What an answer, or a piece of one, says that it was computed on; where it says nothing, what answers now. */
export function deviceIn(answer: object, backend: Backend): string | null {
  const { device } = answer as { readonly device?: unknown };
  if (typeof device === 'string') return device;
  if (typeof device !== 'object' || device === null) return deviceOf(backend);
  const { kind, name } = device as { readonly kind?: unknown; readonly name?: unknown };
  return `${String(kind)}: ${String(name)}`;
}

/** Each answer says what it was computed on. */
export function nameDevice({ outlet }: Exchange, device: string | null): void {
  // Names of devices come from drivers; a header holds ASCII.
  outlet.setHeader('x-forgelight-device', (device ?? 'none').replace(/[^\x20-\x7e]/g, '?'));
}
