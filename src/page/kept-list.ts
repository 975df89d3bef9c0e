import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { unreachable } from '../base/assert';
import { formatBytes } from '../base/units';
import type { ModelEntry, PartialEntry, StoredModel } from '../client/index';
import { emit, onEvent } from './events';
import { FollowLibrary } from './follow-library';
import { formatDay } from './format';
import { choiceOfEntry, choiceOfPartial } from './kept-choice';
import { entryId, type KeptModels, type Shelf } from './kept-models';
import type { Library } from './library';
import { TEXT } from './messages';
import type { ModelChoice } from './model-choice';
import { onEscape } from './on-escape';
import { rowStyles } from './section-styles';
import { markStyles } from './storage-bar';
import { bytesOf, colourOf, storageParts } from './storage-parts';
import { baseStyles, cardStyles, controlStyles } from '../element/styles';

/** What this browser keeps, and what can be done with it. Shown means looked at: the store is opened then. */
@customElement('kept-list')
export class KeptList extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    cardStyles,
    rowStyles,
    markStyles,
    css`
      storage-bar {
        margin: 0.5rem 0 0.4rem;
      }
      .name {
        display: flex;
        align-items: baseline;
        gap: 0.5rem;
      }
      .name .mark {
        position: relative;
        top: 0.1em;
      }
      .name span:last-child {
        min-width: 0;
      }
    `,
  ];

  @property({ attribute: false }) library: Library | null = null;
  /** The entry whose deletion waits for a yes. */
  @state() private asked: string | null = null;
  @query('.list') private readonly list: HTMLElement | null | undefined;
  /** Where the focus goes once it is there: a question, or the button that asked it. */
  #focusNext: string | null = null;

  constructor() {
    super();
    new FollowLibrary(this);
  }

  protected override willUpdate(): void {
    if (!this.hasUpdated) void this.library?.kept.show();
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.library === null) return nothing;
    const { kept } = this.library;
    const { shelf } = kept;
    switch (shelf.kind) {
      case 'closed':
      case 'opening':
        return html`<p>${TEXT.kept.looking}</p>`;
      case 'failed':
        return html`<forgelight-error .failure=${shelf.failure}>
          <button type="button" class="small" @click=${() => void kept.show()}>${TEXT.error.tryAgain}</button>
        </forgelight-error>`;
      case 'open':
        return this.#renderOpen(kept, shelf);
      default:
        return unreachable(shelf);
    }
  }

  protected override updated(): void {
    if (this.#focusNext === null) return;
    const target = this.renderRoot.querySelector<HTMLElement>(this.#focusNext);
    if (target === null) return;
    this.#focusNext = null;
    target.focus();
  }

  #renderOpen(kept: KeptModels, { entries, models, room }: Extract<Shelf, { kind: 'open' }>): TemplateResult {
    const text = TEXT.kept;
    const sizeBytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
    const parts = storageParts(models, room);
    return html`
      <storage-bar
        .entries=${models}
        .room=${room}
        @persist-asked=${onEvent('persist-asked', () => void this.#persist(kept))}
      ></storage-bar>
      <div class="list" tabindex="-1">
        ${
          entries.length === 0
            ? html`<p data-testid="kept-empty">${text.empty}</p>`
            : html`<ul class="rows" aria-label=${text.list}>
                ${repeat(models, entryId, (entry) => this.#renderEntry(kept, entry, colourOf(parts, entry)))}
              </ul>`
        }
        <ul class="details" data-testid="kept-total">
          <li>${text.total(entries.length, formatBytes(sizeBytes))}</li>
        </ul>
      </div>
    `;
  }

  #renderEntry(kept: KeptModels, entry: StoredModel, colour: number | null): TemplateResult {
    const id = entryId(entry);
    const work = kept.workOn(id);
    const problem = kept.problemOf(id);
    return html`
      <li data-testid="kept-entry" data-state=${entry.state} aria-busy=${work !== null}>
        <p class="name">
          <span class="mark" data-kind=${colour === null ? 'partial' : 'model'} data-colour=${colour ?? nothing}></span>
          <span>${entry.fileName}</span>
        </p>
        <ul class="details">
          ${factsOf(entry).map((fact) => html`<li>${fact}</li>`)}
        </ul>
        ${entry.reason === null ? nothing : html`<p class="problem">${TEXT.kept.damaged(entry.reason)}</p>`}
        ${problem === null ? nothing : html`<p class="problem" data-testid="kept-problem">${problem}</p>`}
        ${work === null ? this.#renderActions(kept, entry) : html`<p>${TEXT.kept.working[work]}</p>`}
      </li>
    `;
  }

  #renderActions(kept: KeptModels, entry: StoredModel): TemplateResult {
    if (this.asked === entryId(entry)) return this.#renderQuestion(kept, entry);
    const text = TEXT.kept;
    const actions = entry.state === 'partial' ? this.#partialActions(entry) : this.#modelActions(kept, entry);
    const remove = entry.state === 'partial' ? text.discard : text.delete;
    return html`<div class="actions">
      ${[...actions, [remove, () => this.#ask(entryId(entry))] as const].map(
        ([name, act]) =>
          html`<button
            type="button"
            class="small"
            data-action=${name}
            aria-label=${text.of(name, entry.fileName)}
            @click=${act}
          >
            ${name}
          </button>`,
      )}
    </div>`;
  }

  #partialActions(entry: PartialEntry): readonly (readonly [string, () => void])[] {
    const choice = choiceOfPartial(entry);
    return choice === null ? [] : [[TEXT.kept.continue, () => this.#load(choice)]];
  }

  #modelActions(kept: KeptModels, entry: ModelEntry): readonly (readonly [string, () => void])[] {
    const text = TEXT.kept;
    const { sha256, fileName, sizeBytes } = entry;
    if (entry.state === 'corrupt') return [[text.repair, () => this.#say(kept.repair(sha256, fileName))]];
    return [
      [text.load, () => this.#load(choiceOfEntry(entry))],
      [text.export, () => this.#say(kept.export(sha256, fileName, sizeBytes))],
    ];
  }

  #renderQuestion(kept: KeptModels, entry: StoredModel): TemplateResult {
    const text = TEXT.kept;
    const isPartial = entry.state === 'partial';
    const size = formatBytes(bytesOf(entry));
    const question = isPartial ? text.discardQuestion(entry.fileName, size) : text.question(entry.fileName, size);
    return html`<div
      class="actions"
      role="group"
      aria-label=${question}
      data-testid="kept-question"
      @keydown=${onEscape(() => this.#leave())}
    >
      <p>${question}</p>
      <button type="button" class="small" data-testid="kept-yes" @click=${() => this.#remove(kept, entry)}>
        ${isPartial ? text.discard : text.delete}
      </button>
      <button type="button" class="small quiet" data-testid="kept-no" @click=${() => this.#leave()}>
        ${text.keep}
      </button>
    </div>`;
  }

  /** The focus goes to what harms nothing: a key that is held down repeats its click. */
  #ask(id: string): void {
    this.asked = id;
    this.#focusNext = '[data-testid=kept-no]';
  }

  #leave(): void {
    const row = this.renderRoot.querySelector('[data-testid=kept-question]')?.closest('li');
    this.asked = null;
    void this.updateComplete.then(() => row?.querySelector<HTMLElement>('button:last-of-type')?.focus());
  }

  #remove(kept: KeptModels, entry: StoredModel): void {
    this.asked = null;
    this.list?.focus();
    this.#say(entry.state === 'partial' ? kept.discardModel(entry) : kept.delete(entry.sha256, entry.fileName));
  }

  /** The button goes where the browser says yes: the focus goes to the list. */
  async #persist(kept: KeptModels): Promise<void> {
    emit(this, 'announced', await kept.persist());
    await this.updateComplete;
    if (kept.shelf.kind === 'open' && kept.shelf.room.isPersistent === true) this.list?.focus();
  }

  #load(choice: ModelChoice): void {
    emit(this, 'model-chosen', choice);
  }

  #say(outcome: Promise<string | null>): void {
    void outcome.then((text) => {
      if (text !== null) emit(this, 'announced', text);
    });
  }
}

function factsOf(entry: StoredModel): readonly string[] {
  const text = TEXT.kept;
  if (entry.state === 'partial') {
    const { receivedBytes, sizeBytes } = entry;
    return [text.unfinished(formatBytes(receivedBytes), sizeBytes === null ? null : formatBytes(sizeBytes))];
  }
  const used = entry.lastUsedAt > 0 ? [text.lastUsed(formatDay(entry.lastUsedAt))] : [];
  const size = formatBytes(entry.sizeBytes);
  return [entry.files.length > 1 ? text.total(entry.files.length, size) : size, ...used];
}

declare global {
  interface HTMLElementTagNameMap {
    'kept-list': KeptList;
  }
}
