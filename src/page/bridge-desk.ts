import { defined } from '../base/assert';
import type { BridgeHello, BridgePairing, BridgeOptions, LoopbackPermission, PendingPairing } from '../client/index';
import { failureOf } from '../element/failure';

/** What the desk needs of the world. */
export interface DeskPorts {
  readonly find: (options: BridgeOptions) => Promise<BridgeHello>;
  readonly pair: (options: BridgeOptions) => Promise<PendingPairing>;
  /** Rejects where the program still knows the token. */
  readonly unpair: (pairing: BridgePairing) => Promise<void>;
  readonly permission: () => Promise<LoopbackPermission>;
  readonly read: () => BridgePairing | null;
  /** `null`: it is forgotten. */
  readonly keep: (pairing: BridgePairing | null) => void;
  /** The address that this page came from, where that may be a bridge. */
  readonly ownAddress: string | null;
}

export type DeskState =
  /** `isKnownThere`: the program could not be told that this page has forgotten it. */
  | { readonly kind: 'idle'; readonly isKnownThere: boolean }
  /** `isAsking`: the browser asks the person now. */
  | { readonly kind: 'looking'; readonly isAsking: boolean }
  | { readonly kind: 'denied' }
  /** The program has taken the pairing back, or it is over. */
  | { readonly kind: 'not-paired' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** The address is none of this computer, or what is there does not take this page. */
  | { readonly kind: 'refused'; readonly problem: string }
  | { readonly kind: 'code'; readonly isSent: boolean; readonly problem: string | null }
  /** `device`: in words, `null` while it is asked; `isAway`: it does not answer. */
  | { readonly kind: 'paired'; readonly device: string | null; readonly isAway: boolean };

const IDLE: DeskState = { kind: 'idle', isKnownThere: false };

/** How a page comes to use the program on this computer, step by step. Whatever fails is a state. Looks for nothing unless it is told to, or is paired. */
export class BridgeDesk {
  #state: DeskState = IDLE;
  #address: string | null = null;
  #pending: PendingPairing | null = null;
  /** Grows with everything that is begun: what was begun before says nothing any more. */
  #turn = 0;

  constructor(
    private readonly ports: DeskPorts,
    private readonly changed: () => void,
  ) {}

  get state(): DeskState {
    return this.#state;
  }

  /** The desk is shown: who is paired hears whether the program is there. */
  async open(): Promise<void> {
    const pairing = this.ports.read();
    if (pairing === null) return this.#enter(IDLE);
    const turn = this.#begin({ kind: 'paired', device: null, isAway: false });
    try {
      const hello = await this.ports.find(pairing);
      if (turn !== this.#turn) return;
      if (hello.isPaired) return this.#enter({ kind: 'paired', device: hello.device, isAway: false });
      this.ports.keep(null);
      this.#enter({ kind: 'not-paired' });
    } catch (error) {
      if (turn === this.#turn) this.#failed(error, { kind: 'paired', device: null, isAway: true });
    }
  }

  /** On a click: the browser may ask. `address`: where the person says it is; else where this page came from, then where it is by default. */
  async look(address: string): Promise<void> {
    const turn = this.#begin({ kind: 'looking', isAsking: (await this.ports.permission()) === 'prompt' });
    try {
      this.#address = await this.#find(address);
      const pending = await this.ports.pair(this.#at(this.#address));
      if (turn !== this.#turn) return;
      this.#pending = pending;
      this.#enter({ kind: 'code', isSent: false, problem: null });
    } catch (error) {
      if (turn === this.#turn) this.#failed(error, { kind: 'unreachable', detail: failureOf(error).detail });
    }
  }

  /** True when the page is paired. */
  async finish(code: string): Promise<boolean> {
    const pending = defined(this.#pending, 'a pairing that waits');
    const turn = this.#begin({ kind: 'code', isSent: true, problem: null });
    try {
      const pairing = await pending.finish(code);
      if (turn !== this.#turn) return false;
      this.ports.keep(pairing);
      await this.open();
      return true;
    } catch (error) {
      if (turn === this.#turn) this.#enter({ kind: 'code', isSent: false, problem: failureOf(error).detail });
      return false;
    }
  }

  /** At once in this page. Resolves when the program has been told too, or could not be. */
  async forget(): Promise<void> {
    const pairing = this.ports.read();
    this.ports.keep(null);
    const turn = this.#begin(IDLE);
    if (pairing === null) return;
    try {
      await this.ports.unpair(pairing);
    } catch {
      if (turn === this.#turn) this.#enter({ kind: 'idle', isKnownThere: true });
    }
  }

  async #find(address: string): Promise<string | null> {
    const { ownAddress } = this.ports;
    if (address !== '' || ownAddress === null) {
      await this.ports.find(this.#at(address === '' ? null : address));
      return address === '' ? null : address;
    }
    // No permission is asked for the way back to where the page came from.
    const isOwn = await this.ports.find({ url: ownAddress }).then(
      () => true,
      () => false,
    );
    if (isOwn) return ownAddress;
    await this.ports.find({});
    return null;
  }

  #at(url: string | null): BridgeOptions {
    return url === null ? {} : { url };
  }

  #failed(error: unknown, otherwise: DeskState): void {
    const { code, detail } = failureOf(error);
    // Not the browser, but the program does not take this page.
    const isRefused = code === 'invalid-request' || (code === 'bridge-denied' && paramOf(error) === 'origin');
    if (isRefused) this.#enter({ kind: 'refused', problem: detail });
    else this.#enter(code === 'bridge-denied' ? { kind: 'denied' } : otherwise);
  }

  #begin(state: DeskState): number {
    this.#turn += 1;
    this.#enter(state);
    return this.#turn;
  }

  #enter(state: DeskState): void {
    this.#state = state;
    this.changed();
  }
}

function paramOf(error: unknown): unknown {
  return error instanceof Error && 'param' in error ? error.param : null;
}
