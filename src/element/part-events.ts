/** What the parts tell whatever holds them. All bubble through shadow roots; the element lets none of them out. */
export interface PartEvents {
  'prompt-sent': string;
  /** What is written and not sent yet; empty: nothing. */
  'draft-changed': string;
  'answer-stopped': null;
  'answer-retried': number;
  'question-edited': { readonly id: number; readonly text: string };
  /** `null`: sent, or given up. */
  'edit-drafted': { readonly id: number; readonly text: string | null };
  'edit-cancelled': null;
  'answer-regenerated': number;
  /** Of the messages that stand beside one, this one is to be shown. */
  'version-chosen': number;
  announced: string;
}

/** Dispatches one of `PartEvents` from `source`. */
export function emit<Name extends keyof PartEvents>(source: HTMLElement, name: Name, detail: PartEvents[Name]): void {
  source.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
}

/** A listener of one of `PartEvents` that keeps it from going on. */
export function onPart<Name extends keyof PartEvents>(
  _name: Name,
  listen: (detail: PartEvents[Name]) => void,
): (event: CustomEvent<PartEvents[Name]>) => void {
  return (event) => {
    event.stopPropagation();
    listen(event.detail);
  };
}
