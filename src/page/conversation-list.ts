import type { TemplateResult } from 'lit';
import { html, LitElement, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { renderAction } from '../element/message-actions';
import { baseStyles, controlStyles } from '../element/styles';
import { matches, type Conversation } from './conversation';
import { conversationStyles } from './conversation-styles';
import { areListedAlike, NO_CONVERSATIONS, summaryOf, type Conversations } from './conversations';
import { emit } from './events';
import { ICONS } from './icons';
import { TEXT } from './messages';
import { onEscape } from './on-escape';

/** So long after the last key the search begins: it reads every text. */
const TYPING_MS = 150;

type Row = { readonly id: number; readonly doing: 'renaming' | 'deleting' };

/** The conversations, to choose from, to search and to put in order. */
@customElement('conversation-list')
export class ConversationList extends LitElement {
  static override styles = [baseStyles, controlStyles, conversationStyles];

  @property({
    attribute: false,
    hasChanged: (next: Conversations, before?: Conversations) => before === undefined || !areListedAlike(next, before),
  })
  chats: Conversations = NO_CONVERSATIONS;
  /** In a drawer: what stands in the page's header as well goes by the header's. */
  @property({ type: Boolean }) drawer = false;
  /** `Date`'s, of the midnight that today began with: what is of today stands under that. */
  @property({ attribute: false }) todayMs = 0;
  /** Why the last file was not imported. */
  @property({ attribute: false }) problem: string | null = null;
  @state() private wanted = '';
  /** The one whose name is being written, or whose deletion waits for a yes. */
  @state() private row: Row | null = null;
  @query('.list') private readonly list: HTMLElement | null | undefined;
  @query('input[type=file]') private readonly files: HTMLInputElement | null | undefined;
  /** Where the focus goes once it is there. */
  #focusNext: string | null = null;
  #found: readonly Conversation[] = [];
  #typing: ReturnType<typeof setTimeout> | undefined;
  /** A row has the focus, which may go with it. */
  #isFocused = false;

  focusSearch(): void {
    this.renderRoot.querySelector<HTMLElement>('[data-testid=chat-search]')?.focus();
  }

  protected override willUpdate(): void {
    const { row } = this;
    const { all } = this.chats;
    this.#found = this.wanted.trim() === '' ? all : all.filter((one) => matches(one, this.wanted));
    // Deleted in another tab, under what asks about it.
    if (row !== null && !all.some(({ id }) => id === row.id)) this.row = null;
    this.#isFocused = (this.shadowRoot?.activeElement?.closest('li') ?? null) !== null;
  }

  protected override render(): TemplateResult {
    const { all } = this.chats;
    return html`
      <div class="top">
        <button
          type="button"
          class="new"
          data-testid=${this.drawer ? nothing : 'new-chat'}
          @click=${() => emit(this, 'chat-begun', null)}
        >
          ${ICONS.plus} ${TEXT.chats.newChat}
        </button>
        ${all.length === 0 ? nothing : this.#renderSearch()}
      </div>
      <div class="list" tabindex="-1" data-testid="chats">${this.#renderFound(this.#found)}</div>
      ${this.#renderBottom()}
    `;
  }

  protected override updated(): void {
    const next = this.#focusNext;
    // What is not there now must not take the focus from where somebody writes later.
    this.#focusNext = null;
    if (next === null && (!this.#isFocused || this.shadowRoot?.activeElement !== null)) return;
    const target = (next === null ? null : this.renderRoot.querySelector<HTMLElement>(next)) ?? this.list;
    target?.focus();
    if (target instanceof HTMLInputElement) target.select();
  }

  #renderSearch(): TemplateResult {
    return html`
      <div class="search" role="search">
        ${ICONS.search}
        <input
          type="text"
          inputmode="search"
          data-testid="chat-search"
          aria-label=${TEXT.chats.search}
          placeholder=${TEXT.chats.search}
          .value=${this.wanted}
          @input=${this.#typed}
          @keydown=${this.#searchPressed}
        />
      </div>
    `;
  }

  #renderFound(found: readonly Conversation[]): TemplateResult | readonly TemplateResult[] {
    if (found.length === 0) {
      const text = this.wanted.trim() === '' ? TEXT.chats.none : TEXT.chats.noMatch(this.wanted.trim());
      return html`<p class="note" data-testid="chats-none">${text}</p>`;
    }
    const groups = [
      [TEXT.chats.today, found.filter((one) => summaryOf(one).changedAtMs >= this.todayMs)],
      [TEXT.chats.earlier, found.filter((one) => summaryOf(one).changedAtMs < this.todayMs)],
    ] as const;
    return groups
      .filter(([, rows]) => rows.length > 0)
      .map(
        ([name, rows]) => html`
          <h2>${name}</h2>
          <ul aria-label=${name}>
            ${repeat(
              rows,
              ({ id }) => id,
              (one) => html`<li data-testid="chat">${this.#renderRow(one)}</li>`,
            )}
          </ul>
        `,
      );
  }

  #renderRow(conversation: Conversation): TemplateResult {
    const { id, title } = summaryOf(conversation);
    if (this.row?.id === id) {
      return this.row.doing === 'renaming' ? this.#renderRenaming(id, title) : this.#renderQuestion(id, title);
    }
    const text = TEXT.chats;
    const isShown = this.chats.shown?.id === id;
    const { running, elsewhere } = this.chats;
    const isWriting = conversation.nodes.some(({ id: node }) => running.has(node) || elsewhere.has(node));
    return html`
      <div class=${isShown ? 'row shown' : 'row'} data-id=${id}>
        <button
          type="button"
          class="open"
          data-testid="chat-open"
          title=${title}
          aria-current=${isShown ? 'true' : nothing}
          @click=${() => emit(this, 'chat-chosen', id)}
        >
          <span class="title">${title}</span>
          ${
            isWriting
              ? html`<span class="writing" data-testid="chat-writing"></span
                  ><span class="visually-hidden">${text.writing}</span>`
              : nothing
          }
        </button>
        <div class="tools">
          ${renderAction(text.of(text.rename, title), 'chat-rename', ICONS.edit, () => this.#begin(id, 'renaming'))}
          ${renderAction(text.of(text.export, title), 'chat-export', ICONS.export, () => emit(this, 'chats-exported', id))}
          ${renderAction(text.of(text.delete, title), 'chat-delete', ICONS.trash, () => this.#begin(id, 'deleting'))}
        </div>
      </div>
    `;
  }

  #renderRenaming(id: number, title: string): TemplateResult {
    const end = (): void => this.#end(id, 'chat-rename');
    const save = (event: SubmitEvent): void => {
      event.preventDefault();
      const input = this.renderRoot.querySelector<HTMLInputElement>('#name');
      emit(this, 'chat-renamed', { id, title: input?.value ?? title });
      end();
    };
    return html`
      <form @submit=${save} @keydown=${onEscape(end)}>
        <input type="text" id="name" data-testid="chat-name" aria-label=${TEXT.chats.nameLabel} .value=${title} />
        <button type="submit" class="quiet" data-testid="chat-name-save" aria-label=${TEXT.chats.saveName}>
          ${ICONS.done}
        </button>
      </form>
    `;
  }

  #renderQuestion(id: number, title: string): TemplateResult {
    const question = TEXT.chats.question(title);
    const end = (): void => this.#end(id, 'chat-delete');
    return html`
      <div class="question" role="group" aria-label=${question} data-testid="chat-question" @keydown=${onEscape(end)}>
        <p>${question}</p>
        <div>
          <button type="button" class="small" data-testid="chat-yes" @click=${() => this.#delete(id)}>
            ${TEXT.chats.delete}
          </button>
          <button type="button" class="small quiet" data-testid="chat-no" @click=${end}>${TEXT.chats.keep}</button>
        </div>
      </div>
    `;
  }

  #renderBottom(): TemplateResult {
    const text = TEXT.chats;
    const { all, unreadable } = this.chats;
    const isEmpty = all.length === 0;
    return html`
      <div class="bottom">
        ${unreadable === 0 ? nothing : html`<p class="note" data-testid="chats-unreadable">${text.unreadable(unreadable)}</p>`}
        ${this.problem === null ? nothing : html`<p class="problem" data-testid="import-problem">${this.problem}</p>`}
        <div class="files">
          <button
            type="button"
            class="quiet small"
            data-testid="export-all"
            ?disabled=${isEmpty}
            @click=${() => emit(this, 'chats-exported', null)}
          >
            ${ICONS.export} ${text.exportAll}
          </button>
          <button type="button" class="quiet small" data-testid="import" @click=${() => this.files?.click()}>
            ${ICONS.import} ${text.import}
          </button>
          <input
            type="file"
            hidden
            accept=".json,application/json"
            data-testid="import-file"
            aria-label=${text.import}
            @change=${this.#chosen}
          />
        </div>
      </div>
    `;
  }

  /** The focus goes to what harms nothing: a key that is held down repeats its click. */
  #begin(id: number, doing: Row['doing']): void {
    this.row = { id, doing };
    this.#focusNext = doing === 'renaming' ? '#name' : '[data-testid=chat-no]';
  }

  #end(id: number, button: string): void {
    this.row = null;
    this.#focusNext = `[data-id="${id}"] [data-testid=${button}]`;
  }

  /** The row is gone: the focus goes to the one that takes its place, or to the list. */
  #delete(id: number): void {
    const ids = [...this.renderRoot.querySelectorAll('li')].map(
      (item) => item.querySelector('[data-id]')?.getAttribute('data-id') ?? String(id),
    );
    const index = ids.indexOf(String(id));
    const next = ids[index + 1] ?? ids[index - 1];
    this.row = null;
    this.#focusNext = next === undefined ? '.new' : `[data-id="${next}"] .open`;
    this.list?.focus();
    emit(this, 'chat-deleted', id);
  }

  #typed(event: InputEvent): void {
    const { value } = event.target as HTMLInputElement;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#find(value), TYPING_MS);
  }

  async #find(wanted: string): Promise<void> {
    this.wanted = wanted;
    await this.updateComplete;
    if (this.wanted.trim() === '') return;
    const count = this.#found.length;
    emit(this, 'announced', count === 0 ? TEXT.chats.noMatch(this.wanted.trim()) : TEXT.chats.found(count));
  }

  /** It empties the field first, and only then closes what it stands in or stops an answer. */
  #searchPressed(event: KeyboardEvent): void {
    const input = event.target as HTMLInputElement;
    if (event.key !== 'Escape' || input.value === '') return;
    event.preventDefault();
    event.stopPropagation();
    clearTimeout(this.#typing);
    // It may hold more than what was looked for last.
    input.value = this.wanted = '';
  }

  #chosen(): void {
    const [file] = this.files?.files ?? [];
    if (file !== undefined) emit(this, 'chats-imported', file);
    // The same file can be chosen again.
    if (this.files) this.files.value = '';
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'conversation-list': ConversationList;
  }
}
