import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { droppedHandles, type FileHandle } from './file-handles';

/** What becomes of files that are dropped. */
export interface DropActs {
  /** The files of a model, and what the page can come back to them by as soon as the browser tells. */
  model(files: readonly File[], handles: Promise<readonly FileHandle[]>): void;
  /** Conversations that were exported, as far as its name says. */
  chats(file: File): void;
  /** Neither: nothing is done with it. */
  stranger(name: string): void;
}

/** Lets files be dropped anywhere in the window while its host is connected. */
export class FileDrop implements ReactiveController {
  /** A file hangs over the window. */
  active = false;
  readonly #host: ReactiveControllerHost;
  readonly #acts: DropActs;

  constructor(host: ReactiveControllerHost, acts: DropActs) {
    this.#host = host;
    this.#acts = acts;
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
    void this.#take(files, droppedHandles(event.dataTransfer?.items ?? []));
  };

  /** A loaded model gives way to the next one, and not to a file that is none. */
  async #take(files: readonly File[], handles: Promise<readonly FileHandle[]>): Promise<void> {
    const [first] = files;
    if (first !== undefined && files.length === 1 && /\.json$/i.test(first.name)) return this.#acts.chats(first);
    for (const file of files) if (!(await isModel(file))) return this.#acts.stranger(file.name);
    this.#acts.model(files, handles);
  }

  #show(active: boolean): void {
    if (this.active === active) return;
    this.active = active;
    this.#host.requestUpdate();
  }
}

/** By its name, or by its beginning where it has another one. What else is wrong with it the load says. */
async function isModel(file: File): Promise<boolean> {
  if (/\.gguf$/i.test(file.name)) return true;
  try {
    return (await file.slice(0, 4).text()) === 'GGUF';
  } catch {
    // A folder, or a file that may not be read.
    return false;
  }
}
