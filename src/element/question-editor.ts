import type { TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';
import { property, query } from 'lit/decorators.js';
import type { Question } from './chat-types';
import { isComposing } from './composing';
import { TEXT } from './messages';
import { emit } from './part-events';
import { baseStyles, controlStyles } from './styles';

/** A question that is written anew, in its own place. Enter sends it, Escape leaves it as it was. */
export class QuestionEditor extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      form {
        padding: 0.65rem 0.75rem 0.6rem 1.05rem;
        border: 1px solid var(--accent);
        border-radius: 20px 20px 5px 20px;
        outline: 1px solid var(--accent);
        background: var(--accent-wash);
      }
      textarea {
        display: block;
        width: 100%;
        max-height: min(20rem, 45vh);
        padding: 0;
        border: 0;
        background: transparent;
        color: var(--ink);
        font: inherit;
        resize: none;
        field-sizing: content;
      }
      /* The frame around it shows the focus. */
      textarea:focus-visible {
        outline: none;
      }
      .buttons {
        display: flex;
        justify-content: flex-end;
        gap: 0.4rem;
        margin-top: 0.5rem;
      }
    `,
  ];

  @property({ attribute: false }) question: Question | null = null;
  /** Whether it can be sent now. */
  @property({ type: Boolean }) sendable = false;
  /** What was written before, and not sent. */
  @property({ attribute: false }) draft: string | null = null;
  @query('textarea') private readonly input: HTMLTextAreaElement | null | undefined;

  protected override render(): TemplateResult {
    return html`
      <form @submit=${this.#submit}>
        <textarea
          rows="1"
          enterkeyhint="send"
          data-testid="question-editor"
          aria-label=${TEXT.chat.editLabel}
          .value=${this.draft ?? this.question?.text ?? ''}
          @input=${() => this.#keep(this.input?.value ?? '')}
          @keydown=${this.#pressed}
        ></textarea>
        <div class="buttons">
          <button type="button" class="quiet small" data-testid="edit-cancel" @click=${this.#cancel}>
            ${TEXT.chat.cancelEdit}
          </button>
          <button type="submit" class="primary small" data-testid="edit-send" ?disabled=${!this.sendable}>
            ${TEXT.chat.sendEdited}
          </button>
        </div>
      </form>
    `;
  }

  /** At its end, as in any field that is gone on with. One that was left with a draft is only there again: nobody has opened it. */
  protected override firstUpdated(): void {
    if (this.draft !== null) return;
    this.input?.focus();
    this.input?.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  #pressed(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === 'Escape') {
      // It would stop a running answer, too.
      event.stopPropagation();
      this.#cancel();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    }
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    this.#send();
  }

  #send(): void {
    const text = this.input?.value.trim() ?? '';
    if (this.question === null || !this.sendable || text === '') return;
    this.#keep(null);
    emit(this, 'question-edited', { id: this.question.id, text });
  }

  #keep(text: string | null): void {
    if (this.question !== null) emit(this, 'edit-drafted', { id: this.question.id, text });
  }

  #cancel(): void {
    this.#keep(null);
    emit(this, 'edit-cancelled', null);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-question-editor': QuestionEditor;
  }
}
