/** `forgelight/element`: the class of `<forgelight-chat>`. Registers nothing, and can be imported where there is no document. */
import type { ForgelightChatConstructor, ForgelightChatElement } from './chat-element';
import { ForgelightChat as Implementation } from './forgelight-chat';

export type { ChatState, ForgelightChatEvents } from './chat-events';
export type { ForgelightChatEventMap, ForgelightChatTags } from './dom.generated';
export type { ChatEntry, ExportedChat } from './exported-chat';
export type { Persistence } from './persistence';
export { useTexts, type PartialTexts, type Texts } from './texts';

export type ForgelightChat = ForgelightChatElement;
export const ForgelightChat: ForgelightChatConstructor = Implementation;
