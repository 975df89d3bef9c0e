import { customElement } from 'lit/decorators.js';
import { ErrorView } from '../element/error-view';

/** The element's, under the page's own tag. */
@customElement('error-view')
export class PageErrorView extends ErrorView {}

declare global {
  interface HTMLElementTagNameMap {
    'error-view': PageErrorView;
  }
}
