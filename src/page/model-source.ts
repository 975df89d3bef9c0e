import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { emit } from './events';
import { hasFilePicker, openHandles, pickHandles } from './file-handles';
import { FollowLibrary } from './follow-library';
import { ICONS } from './icons';
import type { Library } from './library';
import { TEXT } from './messages';
import { choiceOfFiles, parseAddress, repositoryOf } from './model-choice';
import type { RecentFile } from './recent-files';
import { baseStyles, controlStyles } from '../element/styles';

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
      /* The button stands below where both have no room on one line, and is as wide as what is above it. */
      form {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        margin-top: 0.6rem;
      }
      .field {
        flex: 99 1 14rem;
        min-width: 0;
      }
      form button {
        flex: 1 0 auto;
      }
      p.problem {
        margin: 0.4rem 0 0 0.9rem;
        color: var(--danger);
      }
      .open {
        width: 100%;
      }
      .recent {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
        margin: 0.5rem 0 0;
        padding: 0;
        list-style: none;
      }
      .recent li {
        min-width: 0;
      }
      .recent button {
        max-width: 100%;
      }
      .recent span {
        overflow: hidden;
        text-overflow: ellipsis;
      }
    `,
  ];

  @property({ attribute: false }) library: Library | null = null;
  @state() private problem: string | null = null;
  @state() private isRepository = false;
  @query('input[type=file]') private readonly fileInput: HTMLInputElement | null | undefined;
  @query('input[type=text]') private readonly addressInput: HTMLInputElement | null | undefined;

  constructor() {
    super();
    new FollowLibrary(this);
  }

  /** Writes a reference where an address would be typed. */
  fill(reference: string): void {
    this.problem = null;
    if (this.addressInput) this.addressInput.value = reference;
  }

  protected override firstUpdated(): void {
    if (hasFilePicker()) void this.library?.files.load();
  }

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
      <button type="button" class="open" data-testid="open-file" @click=${() => void this.#open()}>
        ${ICONS.file} ${text.openFile}
      </button>
      ${this.#renderRecent()}
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
            @input=${this.#typed}
          />
          ${invalid ? html`<p class="problem" id="problem">${this.problem}</p>` : nothing}
        </div>
        <button type="submit" data-testid="load-url">${this.isRepository ? TEXT.hub.list : text.loadShort}</button>
      </form>
      <hub-files .library=${this.library}></hub-files>
    `;
  }

  #renderRecent(): TemplateResult | typeof nothing {
    const recent = this.library?.files;
    if (recent === undefined) return nothing;
    const { files, problem: why } = recent;
    return html`
      ${
        files.length === 0
          ? nothing
          : html`<ul class="recent" aria-label=${TEXT.files.list}>
              ${files.map(
                (file) =>
                  html`<li>
                    <button
                      type="button"
                      class="small"
                      data-testid="open-again"
                      @click=${() => void this.#reopen(file)}
                    >
                      <span>${TEXT.files.again(file.name)}</span>
                    </button>
                  </li>`,
              )}
            </ul>`
      }
      ${why === null ? nothing : html`<p class="problem" data-testid="file-problem">${why}</p>`}
    `;
  }

  /** With a picker the page can come back to the files; without one an input opens them. */
  async #open(): Promise<void> {
    if (!hasFilePicker()) {
      this.fileInput?.click();
      return;
    }
    const handles = await pickHandles();
    const opened = handles.length === 0 ? null : await openHandles(handles);
    if (opened?.kind !== 'opened') return;
    emit(this, 'handles-opened', handles);
    emit(this, 'model-chosen', opened.choice);
  }

  async #reopen(file: RecentFile): Promise<void> {
    const recent = this.library?.files;
    const choice = (await recent?.reopen(file)) ?? null;
    if (choice !== null) {
      emit(this, 'model-chosen', choice);
      return;
    }
    if (recent?.problem) emit(this, 'announced', recent.problem);
    this.renderRoot.querySelector<HTMLElement>('.open')?.focus();
  }

  #openFile(): void {
    const input = this.fileInput;
    const choice = choiceOfFiles([...(input?.files ?? [])]);
    if (!input || choice === null) return;
    emit(this, 'model-chosen', choice);
    // So that the same file can be chosen again after a failure.
    input.value = '';
  }

  #typed(): void {
    this.problem = null;
    this.isRepository = repositoryOf(this.addressInput?.value ?? '') !== null;
    this.library?.hub.leave();
  }

  /** What shows it is fetched when it is wanted first. */
  #list({ hub }: Library, repository: string): void {
    import('./hub-files').catch(() => (this.problem = TEXT.model.partMissing));
    emit(this, 'announced', TEXT.hub.looking(repository));
    void hub.show(repository);
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const typed = this.addressInput?.value ?? '';
    const repository = repositoryOf(typed);
    if (repository !== null && this.library !== null) return this.#list(this.library, repository);
    const parsed = parseAddress(typed);
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
