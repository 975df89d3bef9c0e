import { customElement } from 'lit/decorators.js';
import { LoadProgressView } from '../element/load-progress';
import { phaseText } from './format';

/** The element's, under the page's own tag and in the page's words. */
@customElement('load-progress')
export class PageLoadProgress extends LoadProgressView {
  protected override phase(): string {
    return phaseText(this.progress, this.local);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'load-progress': PageLoadProgress;
  }
}
