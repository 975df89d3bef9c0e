import type { TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { baseStyles } from '../element/styles';
import { TEXT } from './messages';
import './page-dialog';
import type { PageDialog } from './page-dialog';
import { keysOf, SHORTCUTS, type Platform } from './shortcuts';

/** All keyboard shortcuts. */
@customElement('shortcut-sheet')
export class ShortcutSheet extends LitElement {
  static override styles = [
    baseStyles,
    css`
      dl {
        display: grid;
        grid-template-columns: 1fr auto;
        margin: 0;
        font-size: 0.9375rem;
      }
      dt,
      dd {
        display: flex;
        align-items: center;
        margin: 0;
        padding: 0.5rem 0;
        border-bottom: 1px solid var(--line);
      }
      dd {
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 0.3rem;
        padding-left: 1rem;
      }
      dt:last-of-type,
      dd:last-of-type {
        border-bottom: 0;
      }
      kbd {
        min-width: 1.7rem;
        padding: 0.05rem 0.45rem;
        border: 1px solid var(--line-strong);
        border-bottom-width: 2px;
        border-radius: 6px;
        background: var(--paper);
        font: 500 0.8125rem/1.6 var(--font);
        text-align: center;
      }
    `,
  ];

  @property() platform: Platform = 'other';
  /** What the page says. */
  @property() announced = '';
  @query('page-dialog') private readonly dialog: PageDialog | null | undefined;

  async show(): Promise<void> {
    await this.updateComplete;
    await this.dialog?.show();
  }

  protected override render(): TemplateResult {
    const text = TEXT.shortcuts;
    return html`
      <page-dialog
        heading=${text.title}
        .closeLabel=${text.close}
        .announced=${this.announced}
        data-testid="shortcut-sheet"
      >
        <dl>
          ${SHORTCUTS.map(
            (shortcut) =>
              html`<dt>${text.does[shortcut.id]}</dt>
                <dd>${keysOf(shortcut, this.platform).map((key) => html`<kbd>${key}</kbd>`)}</dd>`,
          )}
        </dl>
      </page-dialog>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'shortcut-sheet': ShortcutSheet;
  }
}
