import type { TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';
import { property, query } from 'lit/decorators.js';
import { unreachable } from '../base/assert';
import type { ChatPhase } from './chat-types';
import { isComposing } from './composing';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { emit } from './part-events';
import { baseStyles, controlStyles } from './styles';

/** Where a message is written and sent, and a running answer stopped. It says why it cannot send. */
export class ChatComposer extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      form {
        display: flex;
        align-items: flex-end;
        gap: 0.5rem;
        padding: 0.45rem;
        border: 1px solid var(--line-strong);
        border-radius: 26px;
        background: var(--surface);
        box-shadow: var(--shadow);
        transition: border-color 120ms;
      }
      form:focus-within {
        border-color: var(--accent);
        outline: 1px solid var(--accent);
      }
      textarea {
        flex: 1;
        min-width: 0;
        min-height: 2.5rem;
        max-height: min(14rem, 35vh);
        padding: 0.5rem 0.5rem 0.5rem 0.8rem;
        border: 0;
        background: transparent;
        color: var(--ink);
        font: inherit;
        line-height: 1.5;
        resize: none;
        field-sizing: content;
      }
      /* The frame around it shows the focus. */
      textarea:focus-visible {
        outline: none;
      }
      textarea:disabled {
        cursor: not-allowed;
      }
      .hint {
        margin: 0.4rem 0 0;
        color: var(--ink-soft);
        font-size: 0.8125rem;
        text-align: center;
      }
    `,
  ];

  @property() phase: ChatPhase = 'idle';
  @property() placeholder: string = TEXT.composer.placeholder;
  @property({ type: Boolean }) disabled = false;
  @property({ attribute: false }) draft = '';
  @query('textarea') private readonly input: HTMLTextAreaElement | null | undefined;

  override focus(options?: FocusOptions): void {
    this.input?.focus(options);
  }

  protected override render(): TemplateResult {
    const hint = hintOf(this.phase);
    return html`
      <form @submit=${this.#submit}>
        <label class="visually-hidden" for="text">${TEXT.composer.label}</label>
        <textarea
          id="text"
          rows="1"
          enterkeyhint="send"
          data-testid="prompt"
          part="input"
          placeholder=${this.placeholder}
          aria-describedby="hint"
          ?disabled=${this.disabled || this.phase === 'idle'}
          .value=${this.draft}
          @input=${this.#typed}
          @keydown=${this.#pressed}
        ></textarea>
        ${this.phase === 'generating' ? this.#renderStop() : this.#renderSend()}
      </form>
      <p class="hint" id="hint" data-testid="composer-hint">${hint}</p>
    `;
  }

  #renderSend(): TemplateResult {
    const disabled = this.disabled || this.phase !== 'ready' || this.draft.trim() === '';
    return html`
      <button
        type="submit"
        class="primary icon"
        part="send-button"
        data-testid="send"
        aria-label=${TEXT.composer.send}
        ?disabled=${disabled}
      >
        ${ICONS.send}
      </button>
    `;
  }

  #renderStop(): TemplateResult {
    return html`
      <button
        type="button"
        class="primary icon"
        part="stop-button"
        data-testid="stop"
        aria-label=${TEXT.composer.stop}
        @click=${this.#stop}
      >
        ${ICONS.stop}
      </button>
    `;
  }

  #typed(): void {
    this.#write(this.input?.value ?? '');
  }

  #write(text: string): void {
    this.draft = text;
    emit(this, 'draft-changed', text);
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    this.#send();
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    this.#send();
    this.focus();
  }

  #send(): void {
    if (this.disabled || this.phase !== 'ready' || this.draft.trim() === '') return;
    const text = this.draft;
    this.#write('');
    emit(this, 'prompt-sent', text);
  }

  /** The stop button gives way to the send button: focus must not fall to the page. */
  #stop(): void {
    emit(this, 'answer-stopped', null);
    this.focus();
  }
}

function hintOf(phase: ChatPhase): string {
  switch (phase) {
    case 'idle':
      return TEXT.composer.noModel;
    case 'loading':
      return TEXT.composer.loading;
    case 'recovering':
      return TEXT.composer.recovering;
    case 'elsewhere':
      return TEXT.composer.elsewhere;
    case 'error':
      return TEXT.composer.failed;
    case 'generating':
      return TEXT.composer.generating;
    case 'ready':
      return TEXT.composer.hint;
    default:
      return unreachable(phase);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-composer': ChatComposer;
  }
}
