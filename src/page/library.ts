import { FitCheck, type FitPorts } from './fit-check';
import { HubList, type HubPorts } from './hub-list';
import { KeptModels, type KeptPorts } from './kept-models';
import { RecentFiles, type RecentPorts } from './recent-files';

export interface LibraryPorts {
  readonly kept: KeptPorts;
  readonly fit: FitPorts;
  readonly files: RecentPorts;
  readonly hub: HubPorts;
}

/** Where models come from: what this browser keeps, what there is to pick from, and files on disk. Each is looked at when it is shown. */
export class Library {
  readonly kept: KeptModels;
  readonly fit: FitCheck;
  /** Of the model that a link asks for. */
  readonly sharedFit: FitCheck;
  readonly files: RecentFiles;
  readonly hub: HubList;
  readonly #listeners = new Set<() => void>();

  constructor({ kept, fit, files, hub }: LibraryPorts) {
    const changed = (): void => {
      for (const listener of this.#listeners) listener();
    };
    this.kept = new KeptModels(kept, changed);
    this.fit = new FitCheck(fit, changed);
    this.sharedFit = new FitCheck(fit, changed);
    this.files = new RecentFiles(files, changed);
    this.hub = new HubList(hub, changed);
  }

  /** Calls `listener` after every change; the returned function ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
