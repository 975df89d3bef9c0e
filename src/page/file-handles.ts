import { choiceOfFiles, type ModelChoice } from './model-choice';

/** A file on disk that the browser lets the page come back to. Permissions are Chromium’s; without them reading asks by itself. */
export interface FileHandle extends Pick<FileSystemFileHandle, 'name' | 'getFile'> {
  isSameEntry(other: FileHandle): Promise<boolean>;
  queryPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { readonly mode: 'read' }): Promise<PermissionState>;
}

export type OpenedFiles =
  | { readonly kind: 'opened'; readonly choice: ModelChoice }
  /** The person said no, or the browser did. */
  | { readonly kind: 'denied' }
  /** It was moved, renamed or deleted. */
  | { readonly kind: 'gone' };

/** Opens files in place: nothing is copied. Must be called in a click, because it may ask the person. */
export async function openHandles(handles: readonly FileHandle[]): Promise<OpenedFiles> {
  const files: File[] = [];
  try {
    for (const handle of handles) {
      if (!(await mayRead(handle))) return { kind: 'denied' };
      files.push(await handle.getFile());
    }
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === 'NotFoundError') return { kind: 'gone' };
    if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return { kind: 'denied' };
    throw error;
  }
  const choice = choiceOfFiles(files);
  return choice === null ? { kind: 'gone' } : { kind: 'opened', choice };
}

async function mayRead(handle: FileHandle): Promise<boolean> {
  const mode = { mode: 'read' } as const;
  if (handle.queryPermission === undefined || handle.requestPermission === undefined) return true;
  if ((await handle.queryPermission(mode)) === 'granted') return true;
  return (await handle.requestPermission(mode)) === 'granted';
}

interface HandleWindow {
  /** Absent where the browser has none: then an input opens files, and none is remembered. */
  readonly showOpenFilePicker?: (options: object) => Promise<readonly FileHandle[]>;
}

export function hasFilePicker(host: object = window): host is Required<HandleWindow> {
  return 'showOpenFilePicker' in host;
}

/** Lets the person choose the file, or the files, of a model. Empty where they chose none. */
export async function pickHandles(host: object = window): Promise<readonly FileHandle[]> {
  if (!hasFilePicker(host)) return [];
  try {
    return await host.showOpenFilePicker({
      multiple: true,
      // The same place again for models, wherever other files come from.
      id: 'forgelight-models',
      types: [{ description: 'GGUF', accept: { 'application/octet-stream': ['.gguf'] } }],
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return [];
    throw error;
  }
}

/** The handles of dropped files; to be called while the drop is handled, after which the browser tells none. */
export function droppedHandles(items: Iterable<DataTransferItem>): Promise<readonly FileHandle[]> {
  const asked = [...items].map((item) => {
    const dropped = item as DataTransferItem & {
      getAsFileSystemHandle?(): Promise<(FileHandle & { readonly kind: 'file' | 'directory' }) | null | undefined>;
    };
    return dropped.getAsFileSystemHandle?.() ?? Promise.resolve(null);
  });
  // One that cannot be told is not remembered: the files themselves are here all the same.
  const told = Promise.all(asked.map((promise) => promise.catch(() => null)));
  return told.then((handles) => handles.flatMap((handle) => (handle?.kind === 'file' ? [handle] : [])));
}
