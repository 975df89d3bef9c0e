import type { TemplateResult } from 'lit';
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Library } from './library';
import { TEXT } from './messages';
import { baseStyles } from '../element/styles';

type Section = 'kept' | 'catalogue';

/** What each section is made of: fetched when it is opened first. */
const PARTS: Readonly<Record<Section, () => Promise<unknown>>> = {
  kept: () => import('./kept-list'),
  catalogue: () => import('./catalogue-list'),
};

/** Where models come from besides files and addresses: what is kept, and what there is to pick from. Folded, and empty until unfolded. */
@customElement('model-sections')
export class ModelSections extends LitElement {
  static override styles = [
    baseStyles,
    css`
      details {
        margin-top: 0.5rem;
        font-size: 0.9375rem;
      }
      summary {
        width: fit-content;
        padding: 0.2rem 0;
        color: var(--ink-soft);
        cursor: pointer;
      }
      p {
        margin: 0.4rem 0 0;
        color: var(--danger);
      }
      kept-list,
      catalogue-list {
        margin-top: 0.3rem;
      }
    `,
  ];

  @property({ attribute: false }) library: Library | null = null;
  @state() private open: ReadonlySet<Section> = new Set();
  @state() private missing: ReadonlySet<Section> = new Set();

  protected override render(): TemplateResult | typeof nothing {
    const { library } = this;
    if (library === null) return nothing;
    return html`
      ${this.#renderSection('catalogue', TEXT.catalogue.title, html`<catalogue-list .library=${library}></catalogue-list>`)}
      ${this.#renderSection('kept', TEXT.kept.title, html`<kept-list .library=${library}></kept-list>`)}
    `;
  }

  #renderSection(section: Section, title: string, content: TemplateResult): TemplateResult {
    const isMissing = this.missing.has(section);
    return html`
      <details data-testid=${`section-${section}`} @toggle=${(event: Event) => this.#toggled(section, event)}>
        <summary>${title}</summary>
        ${isMissing ? html`<p>${TEXT.model.partMissing}</p>` : this.open.has(section) ? content : nothing}
      </details>
    `;
  }

  #toggled(section: Section, event: Event): void {
    const isOpen = event.target instanceof HTMLDetailsElement && event.target.open;
    this.open = isOpen
      ? new Set([...this.open, section])
      : new Set([...this.open].filter((shown) => shown !== section));
    if (!isOpen) return;
    const told = (isMissing: boolean) => (): void => {
      const others = [...this.missing].filter((missing) => missing !== section);
      this.missing = new Set(isMissing ? [...others, section] : others);
    };
    PARTS[section]().then(told(false), told(true));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'model-sections': ModelSections;
  }
}
