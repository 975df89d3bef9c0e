import type { TemplateResult } from 'lit';
import { html } from 'lit';
import { TEXT } from './messages';
import type { ModelState, PagePhase } from './page-state';

/** What stands where nothing has been said yet: what this page is, or what one could ask. */
export function renderWelcome(model: ModelState, phase: PagePhase, suggest: (text: string) => void): TemplateResult {
  if (model.kind !== 'ready') {
    return html`
      <h2>${TEXT.welcome.title}</h2>
      <p>${TEXT.welcome.text}</p>
    `;
  }
  return html`
    <h2>${TEXT.chat.emptyTitle}</h2>
    <p>${TEXT.chat.emptyText}</p>
    <ul class="prompts">
      ${TEXT.chat.prompts.map(
        (text) =>
          html`<li>
            <button type="button" data-testid="suggestion" ?disabled=${phase !== 'ready'} @click=${() => suggest(text)}>
              ${text}
            </button>
          </li>`,
      )}
    </ul>
  `;
}
