import type { TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { baseStyles, controlStyles } from '../element/styles';
import { brandStyles, renderBrand } from './brand';
import './conversation-list';
import type { ConversationList } from './conversation-list';
import { NO_CONVERSATIONS, type Conversations } from './conversations';
import './dialog-status';
import { ICONS } from './icons';
import { TEXT } from './messages';

/** The conversations: a column beside the shown one, or a drawer where there is no room for that. */
@customElement('conversation-panel')
export class ConversationPanel extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    brandStyles,
    css`
      :host {
        min-height: 0;
      }
      nav {
        display: grid;
        grid-template: auto minmax(0, 1fr) / minmax(0, 1fr);
        height: 100%;
        border-right: 1px solid var(--line);
        background: color-mix(in srgb, var(--sunken) 55%, var(--paper));
      }
      .brand {
        padding: 0.9rem 1.1rem 0.15rem;
      }
      dialog {
        width: min(20rem, calc(100vw - 3rem));
        height: 100dvh;
        max-height: none;
        margin: 0;
        padding: 0.6rem 0 0;
        border: 0;
        border-right: 1px solid var(--line);
        border-radius: 0 var(--radius) var(--radius) 0;
        background: var(--paper);
        color: inherit;
        box-shadow: var(--shadow);
      }
      dialog[open] {
        display: grid;
        grid-template: auto minmax(0, 1fr) / minmax(0, 1fr);
      }
      dialog::backdrop {
        background: #0008;
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        padding: 0 0.6rem 0 1.1rem;
      }
      h2 {
        margin: 0;
        font-size: 1.0625rem;
        font-weight: 650;
      }
    `,
  ];

  @property({ attribute: false }) chats: Conversations = NO_CONVERSATIONS;
  /** Why the last file was not imported: told in the drawer, which lies over where the page tells it. */
  @property({ attribute: false }) problem: string | null = null;
  /** What the page says: told in the drawer while that is open. */
  @property() announced = '';
  @property({ type: Boolean }) drawer = false;
  @query('conversation-list') private readonly list: ConversationList | null | undefined;
  @query('dialog') private readonly dialog: HTMLDialogElement | null | undefined;

  /** Shows the drawer. */
  open(): void {
    this.dialog?.showModal();
  }

  /** Where conversations are searched; with none of them there is no search, and nothing happens. */
  async focusSearch(): Promise<void> {
    if (this.drawer && this.dialog?.open !== true) this.open();
    await this.updateComplete;
    this.list?.focusSearch();
  }

  /** Puts it away, where it is one. */
  close(): void {
    this.dialog?.close();
  }

  protected override render(): TemplateResult {
    const list = html`<conversation-list
      .chats=${this.chats}
      .todayMs=${new Date().setHours(0, 0, 0, 0)}
      .problem=${this.drawer ? this.problem : null}
      ?drawer=${this.drawer}
    ></conversation-list>`;
    if (!this.drawer) return html`<nav aria-label=${TEXT.chats.title}>${renderBrand()} ${list}</nav>`;
    return html`
      <dialog closedby="any" aria-labelledby="title" data-testid="chats-dialog" @keydown=${this.#pressed}>
        <div class="head">
          <h2 id="title">${TEXT.chats.title}</h2>
          <button type="button" class="quiet icon" aria-label=${TEXT.chats.close} @click=${this.close}>
            ${ICONS.close}
          </button>
        </div>
        ${list}
        <dialog-status .announced=${this.announced}></dialog-status>
      </dialog>
    `;
  }

  /** It closes the drawer, and is not to stop an answer behind it. */
  #pressed(event: KeyboardEvent): void {
    if (event.key === 'Escape') event.stopPropagation();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'conversation-panel': ConversationPanel;
  }
}
