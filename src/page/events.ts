import type { ChatSettings } from './chat-settings';
import type { FileHandle } from './file-handles';
import type { ModelChoice } from './model-choice';

/** What components tell the page's root. All bubble through shadow roots. */
export interface PageEvents {
  'model-chosen': ModelChoice;
  /** What was said of a model that cannot be loaded has been read. */
  'refused-read': null;
  'loading-stopped': null;
  /** What is kept of a paused download is to go. */
  'download-discarded': ModelChoice;
  /** A model was picked by this reference. */
  'reference-picked': string;
  /** Files that were opened by handles, which are to be remembered. */
  'handles-opened': readonly FileHandle[];
  /** The person agreed to what a link asks for: a model, a system prompt, or both. */
  'shared-taken': { readonly choice: ModelChoice | null; readonly system: string | null };
  'shared-declined': null;
  'prompt-sent': string;
  'draft-changed': string;
  'answer-stopped': null;
  'answer-retried': number;
  'question-edited': { readonly id: number; readonly text: string };
  'edit-drafted': { readonly id: number; readonly text: string | null };
  'answer-regenerated': number;
  'version-chosen': number;
  'chat-begun': null;
  'chat-chosen': number;
  'chat-renamed': { readonly id: number; readonly title: string };
  'chat-deleted': number;
  /** `null`: all of them. */
  'chats-exported': number | null;
  'chats-imported': File;
  'settings-changed': ChatSettings;
  /** This page was paired with the program on this computer, or has forgotten it. */
  'bridge-changed': null;
  /** The browser is to be asked to keep everything for good. */
  'persist-asked': null;
  announced: string;
}

/** Dispatches one of `PageEvents` from `source`. */
export function emit<Name extends keyof PageEvents>(source: HTMLElement, name: Name, detail: PageEvents[Name]): void {
  source.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}

/** A listener of one of `PageEvents`, for `@name=${…}` in a template. */
export function onEvent<Name extends keyof PageEvents>(
  _name: Name,
  listen: (detail: PageEvents[Name]) => void,
): (event: CustomEvent<PageEvents[Name]>) => void {
  return (event) => listen(event.detail);
}
