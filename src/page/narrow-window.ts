import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Whether the window is so narrow that the conversations are in a drawer; renders its host again when that changes. */
export class NarrowWindow implements ReactiveController {
  readonly #query = window.matchMedia('(max-width: 48rem)');
  readonly #changed = (): void => this.host.requestUpdate();

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  /** The person has put the column away, which makes a drawer of it too. */
  isFolded = false;

  get isNarrow(): boolean {
    return this.#query.matches;
  }

  get hasDrawer(): boolean {
    return this.isNarrow || this.isFolded;
  }

  fold(): void {
    this.isFolded = !this.isFolded;
    this.host.requestUpdate();
  }

  hostConnected(): void {
    this.#query.addEventListener('change', this.#changed);
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#query.removeEventListener('change', this.#changed);
  }
}
