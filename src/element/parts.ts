import { ChatComposer } from './composer';
import { ErrorView } from './error-view';
import { LoadProgressView } from './load-progress';
import { MessageList } from './message-list';
import { MessageView } from './message-view';
import { QuestionEditor } from './question-editor';

const PARTS = {
  'forgelight-composer': ChatComposer,
  'forgelight-error': ErrorView,
  'forgelight-load-progress': LoadProgressView,
  'forgelight-message-list': MessageList,
  'forgelight-message': MessageView,
  'forgelight-question-editor': QuestionEditor,
} as const;

/** Registers what the element is made of. Called when it is needed: importing the class registers nothing. */
export function defineParts(): void {
  for (const [name, part] of Object.entries(PARTS)) {
    // Another copy of the package may be on the same page.
    if (customElements.get(name) === undefined) customElements.define(name, part);
  }
}
