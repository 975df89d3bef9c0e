import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { property } from 'lit/decorators.js';
import type { Failure } from './failure';
import type { ErrorText, FailureCode } from './messages';
import { ICONS } from './icons';
import { ERROR_TEXT, TEXT } from './messages';
import { baseStyles } from './styles';

/** What went wrong and what to do, in words; the error's own message folded under it. Buttons go into its slot. */
export class ErrorView extends LitElement {
  static override styles = [
    baseStyles,
    css`
      .box {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.15rem 0.7rem;
        padding: 0.9rem 1rem;
        border-radius: var(--radius-small);
        background: var(--danger-wash);
      }
      @media (forced-colors: active) {
        .box {
          border: 1px solid CanvasText;
        }
      }
      svg {
        color: var(--danger);
        margin-top: 0.15rem;
      }
      .title {
        margin: 0;
        color: var(--danger);
        font-weight: 600;
      }
      .body {
        grid-column: 2;
        min-width: 0;
      }
      p {
        margin: 0;
      }
      details {
        margin-top: 0.5rem;
        font-size: 0.875rem;
      }
      summary {
        width: fit-content;
        cursor: pointer;
      }
      code {
        display: block;
        margin-top: 0.3rem;
        font: 0.8125rem/1.5 var(--font-code);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      ::slotted(*) {
        margin-top: 0.8rem;
      }
    `,
  ];

  /** The words for a code. Whoever knows more of the browser than the element does sets another one. */
  static textOf: (code: FailureCode) => ErrorText = (code) => ERROR_TEXT[code];

  @property({ attribute: false }) failure: Failure | null = null;

  protected override render(): TemplateResult | typeof nothing {
    if (this.failure === null) return nothing;
    const { code, detail } = this.failure;
    const { title, advice } = ErrorView.textOf(code);
    // What does not fit, and what would, or what is to be changed, are in the error's own words alone.
    return html`
      <div class="box" data-testid="error" data-code=${code}>
        ${ICONS.warning}
        <p class="title">${title}</p>
        <div class="body">
          <p>${advice}</p>
          <details ?open=${code === 'out-of-memory' || code === 'invalid-request'}>
            <summary>${TEXT.error.details}</summary>
            <code>${code}: ${detail}</code>
          </details>
          <slot></slot>
        </div>
      </div>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'forgelight-error': ErrorView;
  }
}
