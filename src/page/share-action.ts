import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { baseStyles, controlStyles } from '../element/styles';
import { emit } from './events';
import { ICONS } from './icons';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import { makeShareLink } from './share-link';

/** Copies a link with the model and the system prompt; says why where there can be none. */
@customElement('share-action')
export class ShareAction extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      p {
        margin: 0.4rem 0 0;
        color: var(--ink-soft);
        font-size: 0.875rem;
        overflow-wrap: anywhere;
      }
    `,
  ];

  @property({ attribute: false }) choice: ModelChoice | null = null;
  @property() system = '';
  @state() private said = '';

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('choice') || changed.has('system')) this.said = '';
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.choice === null) return nothing;
    const { choice, said } = this;
    return html`
      <button type="button" data-testid="share" @click=${() => void this.#share(choice)}>
        ${ICONS.share} ${TEXT.shared.share}
      </button>
      ${said === '' ? nothing : html`<p data-testid="share-says">${said}</p>`}
    `;
  }

  async #share(choice: ModelChoice): Promise<void> {
    const made = makeShareLink(window.location.href, choice, this.system);
    this.said = made.ok ? await this.#copy(made.url, made.note) : made.problem;
    emit(this, 'announced', this.said);
  }

  async #copy(url: string, note: string): Promise<string> {
    try {
      await navigator.clipboard.writeText(url);
      return note;
    } catch {
      // The browser may ask, and the person refuse: the link is there to be copied by hand.
      return TEXT.shared.copyByHand(url);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'share-action': ShareAction;
  }
}
