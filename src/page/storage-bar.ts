import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { formatBytes } from '../base/units';
import type { StorageRoom, StoreEntry } from '../client/index';
import { baseStyles, controlStyles } from '../element/styles';
import { emit } from './events';
import { TEXT } from './messages';
import { shownBytes, storageParts, type StoragePart } from './storage-parts';

/** Marks of what takes room: colours, and a pattern for what is unfinished. */
export const markStyles = css`
  :host {
    --mark-0: light-dark(#b2440c, #ffa066);
    --mark-1: light-dark(#1f6aa8, #74b9f3);
    --mark-2: light-dark(#2c7a4b, #72cc96);
    --mark-3: light-dark(#86489f, #d3a0ea);
    --mark-4: light-dark(#6a6158, #b6ac9f);
  }
  [data-colour='0'] {
    --mark: var(--mark-0);
  }
  [data-colour='1'] {
    --mark: var(--mark-1);
  }
  [data-colour='2'] {
    --mark: var(--mark-2);
  }
  [data-colour='3'] {
    --mark: var(--mark-3);
  }
  [data-colour='4'] {
    --mark: var(--mark-4);
  }
  .mark {
    background: var(--mark);
    forced-color-adjust: none;
  }
  .mark[data-kind='partial'] {
    background: repeating-linear-gradient(135deg, var(--ink-soft) 0 2px, transparent 2px 5px);
  }
  .mark[data-kind='other'] {
    background: var(--line-strong);
  }
  .mark[data-kind='free'] {
    background: transparent;
  }
  span.mark {
    display: inline-block;
    flex: none;
    width: 0.75rem;
    height: 0.75rem;
    border: 1px solid transparent;
    border-radius: 4px;
  }
  span.mark[data-kind='partial'],
  span.mark[data-kind='free'] {
    border-color: var(--line-strong);
  }
`;

/** How the room that the browser gives this page is used: as a bar, and in words. Tells `persist-asked`. */
@customElement('storage-bar')
export class StorageBar extends LitElement {
  static override styles = [
    baseStyles,
    controlStyles,
    markStyles,
    css`
      .bar {
        display: flex;
        gap: 2px;
        height: 0.9rem;
        border-radius: 5px;
        overflow: hidden;
        outline: 1px solid var(--line-strong);
        outline-offset: 1px;
      }
      .bar .mark {
        flex: 1 1 0;
        min-width: 3px;
      }
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0.15rem 1.1rem;
        margin: 0.6rem 0 0;
        padding: 0;
        list-style: none;
        color: var(--ink-soft);
        font-size: 0.8125rem;
        font-variant-numeric: tabular-nums;
      }
      li {
        display: flex;
        align-items: baseline;
        gap: 0.4rem;
      }
      li .mark {
        position: relative;
        top: 0.1em;
      }
      .lasting {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.4rem 1rem;
        margin: 0.6rem 0 0;
        color: var(--ink-soft);
        font-size: 0.875rem;
      }
    `,
  ];

  @property({ attribute: false }) entries: readonly StoreEntry[] = [];
  @property({ attribute: false }) room: StorageRoom = { usageBytes: null, quotaBytes: null, isPersistent: null };

  protected override render(): TemplateResult {
    const parts = storageParts(this.entries, this.room);
    return html` ${parts.length === 0 ? nothing : this.#renderParts(parts)} ${this.#renderLasting()} `;
  }

  #renderParts(parts: readonly StoragePart[]): TemplateResult {
    const words = legendOf(parts);
    const told = words.map(([, name, sizeBytes]) => TEXT.storage.of(name, formatBytes(sizeBytes)));
    return html`
      <div class="bar" aria-hidden="true" data-testid="storage-bar">
        ${parts.map(
          (part) =>
            html`<div
              class="mark"
              data-kind=${part.kind}
              data-colour=${part.colour}
              .style=${`flex-grow: ${shownBytes(part, parts)}`}
            ></div>`,
        )}
      </div>
      <ul aria-label=${TEXT.storage.title} data-testid="storage-legend">
        ${words.map(
          ([kind, ,], index) =>
            html`<li>
              ${kind === 'model' ? nothing : html`<span class="mark" data-kind=${kind} data-colour="4"></span>`}${told[index]}
            </li>`,
        )}
      </ul>
    `;
  }

  #renderLasting(): TemplateResult | typeof nothing {
    const { isPersistent } = this.room;
    if (isPersistent === null) return nothing;
    return html`
      <div class="lasting" data-testid="storage-lasting">
        <span>${isPersistent ? TEXT.storage.persistent : TEXT.storage.fleeting}</span>
        ${
          isPersistent
            ? nothing
            : html`<button
                type="button"
                class="small"
                data-testid="persist"
                @click=${() => emit(this, 'persist-asked', null)}
              >
                ${TEXT.storage.persist}
              </button>`
        }
      </div>
    `;
  }
}

/** Models are named in their rows; here is what they come to, and everything else. */
function legendOf(parts: readonly StoragePart[]): readonly (readonly [StoragePart['kind'], string, number])[] {
  const text = TEXT.storage;
  const isModel = ({ kind }: StoragePart): boolean => kind === 'model' || kind === 'models';
  const modelBytes = parts.filter(isModel).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const names = { partial: text.partial, other: text.other, free: text.free };
  return [
    ...(modelBytes === 0 ? [] : [['model', text.models, modelBytes] as const]),
    ...parts.flatMap(({ kind, sizeBytes }) =>
      kind === 'model' || kind === 'models' ? [] : [[kind, names[kind], sizeBytes] as const],
    ),
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'storage-bar': StorageBar;
  }
}
