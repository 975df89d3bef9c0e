import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { emit } from './events';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { choiceOfFiles, parseAddress } from './model-choice';
import { baseStyles, controlStyles } from './styles';

/** Two ways to another model: a file from disk, or an address. */
@customElement('model-source')
export class ModelSource extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    css`
      h4 {
        margin: 0 0 0.15rem;
        font-size: 0.9375rem;
      }
      p {
        margin: 0 0 0.8rem;
        color: var(--ink-soft);
        font-size: 0.875rem;
      }
      form {
        display: flex;
        gap: 0.5rem;
        margin-top: 0.6rem;
      }
      .field {
        flex: 1;
        min-width: 0;
      }
      p.problem {
        margin: 0.4rem 0 0 0.9rem;
        color: var(--danger);
      }
      .open {
        width: 100%;
      }
    `,
  ];

  @state() private problem: string | null = null;
  @query('input[type=file]') private readonly fileInput: HTMLInputElement | null | undefined;
  @query('input[type=text]') private readonly addressInput: HTMLInputElement | null | undefined;

  protected override render(): TemplateResult {
    const text = TEXT.model;
    const invalid = this.problem !== null;
    return html`
      <h4>${text.others}</h4>
      <p>${text.hint}</p>
      <input
        type="file"
        accept=".gguf"
        multiple
        hidden
        data-testid="file-input"
        aria-label=${text.openFile}
        @change=${this.#openFile}
      />
      <button type="button" class="open" data-testid="open-file" @click=${() => this.fileInput?.click()}>
        ${ICONS.file} ${text.openFile}
      </button>
      <form novalidate @submit=${this.#submit}>
        <div class="field">
          <label class="visually-hidden" for="address">${text.urlLabel}</label>
          <input
            id="address"
            type="text"
            inputmode="url"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            data-testid="model-url"
            placeholder=${text.urlPlaceholder}
            aria-invalid=${invalid}
            aria-describedby=${invalid ? 'problem' : nothing}
            @input=${() => (this.problem = null)}
          />
          ${invalid ? html`<p class="problem" id="problem">${this.problem}</p>` : nothing}
        </div>
        <button type="submit" data-testid="load-url">${text.loadShort}</button>
      </form>
    `;
  }

  #openFile(): void {
    const input = this.fileInput;
    const choice = choiceOfFiles([...(input?.files ?? [])]);
    if (!input || choice === null) return;
    emit(this, 'model-chosen', choice);
    // So that the same file can be chosen again after a failure.
    input.value = '';
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const parsed = parseAddress(this.addressInput?.value ?? '');
    if (parsed.ok) {
      emit(this, 'model-chosen', parsed.choice);
      return;
    }
    this.problem = parsed.problem;
    emit(this, 'announced', parsed.problem);
    this.addressInput?.focus();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'model-source': ModelSource;
  }
}
