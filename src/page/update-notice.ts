import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { baseStyles, controlStyles } from '../element/styles';
import type { AppUpdates } from './app-updates';
import { emit } from './events';
import { TEXT } from './messages';

/** Says that a new version of the page is ready, and has the button that takes it. Empty while there is none. */
@customElement('update-notice')
export class UpdateNotice extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      .box {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: center;
        gap: 0.3rem 0.9rem;
        margin-bottom: 0.6rem;
        padding: 0.6rem 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--accent-wash);
        font-size: 0.9375rem;
      }
      p {
        margin: 0;
      }
    `,
  ];

  @property({ attribute: false }) updates: AppUpdates | null = null;
  #unsubscribe: () => void = () => undefined;
  #announced = false;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('updates')) return;
    this.#unsubscribe();
    this.#unsubscribe = this.updates?.subscribe(() => this.requestUpdate()) ?? (() => undefined);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { updates } = this;
    if (updates === null || updates.state === 'none') return nothing;
    const text = TEXT.update;
    const { state } = updates;
    return html`
      <section class="box" aria-label=${text.label} data-testid="update" data-update=${state}>
        <p>${text.says[state]}</p>
        <button
          type="button"
          class="small primary"
          data-testid="take-update"
          ?disabled=${state === 'switching'}
          @click=${() => updates.apply()}
        >
          ${state === 'elsewhere' ? text.reload : text.take}
        </button>
      </section>
    `;
  }

  protected override updated(): void {
    const state = this.updates?.state ?? 'none';
    if (state !== 'waiting' || this.#announced) return;
    this.#announced = true;
    emit(this, 'announced', TEXT.update.says.waiting);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'update-notice': UpdateNotice;
  }
}
