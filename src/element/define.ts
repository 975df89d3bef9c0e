/** `forgelight/element/define`: registers `<forgelight-chat>`. On a server it does nothing. */
import { ForgelightChat } from './index';

if (typeof document !== 'undefined' && customElements.get('forgelight-chat') === undefined) {
  customElements.define('forgelight-chat', ForgelightChat);
}

export { ForgelightChat };
