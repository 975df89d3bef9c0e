import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { platformOf, shortcutOf, type Platform, type ShortcutId } from './shortcuts';

/** Hears of the keys of the whole window while its host is connected, also where nothing has the focus. */
export class ShortcutKeys implements ReactiveController {
  readonly platform: Platform = platformOf(navigator.platform);

  constructor(
    private readonly host: ReactiveControllerHost & Element,
    private readonly act: (id: ShortcutId) => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener('keydown', this.#pressed);
  }

  hostDisconnected(): void {
    window.removeEventListener('keydown', this.#pressed);
  }

  readonly #pressed = (event: KeyboardEvent): void => {
    const id = shortcutOf(event, this.platform);
    if (id === null || hasOpenDialog(this.host)) return;
    // Escape is left to whoever else may want it: leaving full screen, closing a list of suggestions.
    if (id !== 'stop') event.preventDefault();
    this.act(id);
  };
}

/** A dialog that is over the page has the keys, wherever in its components it is. */
function hasOpenDialog(element: Element): boolean {
  if (element instanceof HTMLDialogElement && element.open) return true;
  return [...(element.shadowRoot?.children ?? []), ...element.children].some(hasOpenDialog);
}
