import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Library } from './library';

/** Renders its host again after each change of the library that the host has been given. */
export class FollowLibrary implements ReactiveController {
  #followed: Library | null = null;
  #unsubscribe: () => void = () => undefined;

  constructor(private readonly host: ReactiveControllerHost & { readonly library: Library | null }) {
    host.addController(this);
  }

  hostConnected(): void {
    this.host.requestUpdate();
  }

  /** Not before an update: an element that is defined late has its properties then. */
  hostUpdate(): void {
    const { library } = this.host;
    if (this.#followed === library) return;
    this.#unsubscribe();
    this.#followed = library;
    this.#unsubscribe = library?.subscribe(() => this.host.requestUpdate()) ?? (() => undefined);
  }

  hostDisconnected(): void {
    this.#unsubscribe();
    this.#unsubscribe = () => undefined;
    this.#followed = null;
  }
}
