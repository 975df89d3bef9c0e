import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { droppedHandles, type FileHandle } from './file-handles';

/** Lets files be dropped anywhere in the window while its host is connected. */
export class FileDrop implements ReactiveController {
  /** A file hangs over the window. */
  active = false;
  readonly #host: ReactiveControllerHost;
  readonly #onFiles: (files: readonly File[], handles: Promise<readonly FileHandle[]>) => void;

  /** @param onFiles is given the files at once, and what the page can come back to them by as soon as the browser tells */
  constructor(
    host: ReactiveControllerHost,
    onFiles: (files: readonly File[], handles: Promise<readonly FileHandle[]>) => void,
  ) {
    this.#host = host;
    this.#onFiles = onFiles;
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener('dragover', this.#over);
    window.addEventListener('dragleave', this.#left);
    window.addEventListener('drop', this.#dropped);
  }

  hostDisconnected(): void {
    window.removeEventListener('dragover', this.#over);
    window.removeEventListener('dragleave', this.#left);
    window.removeEventListener('drop', this.#dropped);
  }

  readonly #over = (event: DragEvent): void => {
    if (event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    this.#show(true);
  };

  /** `relatedTarget` is null only when the pointer leaves the window, not when it moves between elements. */
  readonly #left = (event: DragEvent): void => {
    if (event.relatedTarget === null) this.#show(false);
  };

  readonly #dropped = (event: DragEvent): void => {
    this.#show(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.#onFiles(files, droppedHandles(event.dataTransfer?.items ?? []));
  };

  #show(active: boolean): void {
    if (this.active === active) return;
    this.active = active;
    this.#host.requestUpdate();
  }
}
