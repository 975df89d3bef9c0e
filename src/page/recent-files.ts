import type { FileHandle } from './file-handles';
import { openHandles } from './file-handles';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';

export const MOST_RECENT = 5;

/** A model that was opened from disk: its file, or the files that it has. */
export interface RecentFile {
  readonly name: string;
  readonly handles: readonly FileHandle[];
}

export interface RecentPorts {
  load(): Promise<unknown>;
  save(recent: readonly RecentFile[]): Promise<void>;
  reportError(error: unknown): void;
}

/** Remembers which files were opened, newest first. A browser that keeps nothing only costs the memory of them. */
export class RecentFiles {
  #files: readonly RecentFile[] = [];
  #problem: string | null = null;
  #loaded: Promise<void> | null = null;
  /** Changes follow one another: each starts from what the one before left. */
  #changing: Promise<void> = Promise.resolve();

  constructor(
    private readonly ports: RecentPorts,
    private readonly changed: () => void,
  ) {}

  get files(): readonly RecentFile[] {
    return this.#files;
  }

  /** Why the last file was not opened again. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Reads what earlier visits left, once. */
  load(): Promise<void> {
    this.#loaded ??= this.#read();
    return this.#loaded;
  }

  remember(handles: readonly FileHandle[]): Promise<void> {
    const [first] = handles;
    if (first === undefined) return Promise.resolve();
    const remembered = { name: first.name, handles };
    return this.#change(async (files) => [remembered, ...(await without(files, remembered))].slice(0, MOST_RECENT));
  }

  /** Opens one again; `null`, and a `problem`, where that is not possible. Must be called in a click. */
  async reopen(recent: RecentFile): Promise<ModelChoice | null> {
    this.#say(null);
    const opened = await openHandles(recent.handles);
    switch (opened.kind) {
      case 'opened':
        void this.remember(recent.handles);
        return opened.choice;
      case 'denied':
        this.#say(TEXT.files.denied(recent.name));
        return null;
      case 'gone':
        this.#say(TEXT.files.gone(recent.name));
        await this.#change(async (files) => files.filter((file) => file !== recent));
        return null;
    }
  }

  async #read(): Promise<void> {
    try {
      const found = await this.ports.load();
      if (Array.isArray(found)) this.#files = found.filter(isRecentFile).slice(0, MOST_RECENT);
      this.changed();
    } catch (error) {
      this.ports.reportError(error);
    }
  }

  #change(change: (files: readonly RecentFile[]) => Promise<readonly RecentFile[]>): Promise<void> {
    this.#changing = this.#changing.then(async () => {
      await this.load();
      try {
        this.#files = await change(this.#files);
        this.changed();
        await this.ports.save(this.#files);
      } catch (error) {
        this.ports.reportError(error);
      }
    });
    return this.#changing;
  }

  #say(problem: string | null): void {
    this.#problem = problem;
    this.changed();
  }
}

async function without(files: readonly RecentFile[], { handles }: RecentFile): Promise<readonly RecentFile[]> {
  const [first] = handles;
  const same = await Promise.all(
    files.map(async (file) => (first === undefined ? false : ((await file.handles[0]?.isSameEntry(first)) ?? false))),
  );
  return files.filter((_file, index) => same[index] !== true);
}

function isRecentFile(value: unknown): value is RecentFile {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'handles' in value &&
    Array.isArray(value.handles) &&
    value.handles.length > 0
  );
}
