import type { TokenId } from '../base/ids';
import type { TemplateMessage } from './chat-messages';
import { createChatTemplate, type RenderOptions } from './chat-template';
import { createTokenizer, type LoadedTokenizer } from './create-tokenizer';
import { stringAt, type Metadata } from './metadata';

/** A tokenizer with its model's chat template. */
export interface ChatTokenizer extends LoadedTokenizer {
  /** The prompt of a conversation as text; throws as `ChatTemplate.render` does. */
  applyChatTemplate(messages: readonly TemplateMessage[], options?: RenderOptions): string;
  /** The prompt of a conversation as ids. BOS is added where the file asks for it and the template has not written it. */
  encodeChat(messages: readonly TemplateMessage[], options?: RenderOptions): TokenId[];
}

/** Throws as `createTokenizer` does. `notes` holds those of the template too. */
export function createChatTokenizer(metadata: Metadata): ChatTokenizer {
  const tokenizer = createTokenizer(metadata);
  const textOf = (id: TokenId | null): string | null => (id === null ? null : tokenizer.decode([id]));
  const template = createChatTemplate(stringAt(metadata, 'tokenizer.chat_template'), {
    bosToken: textOf(tokenizer.bosId),
    eosToken: textOf(tokenizer.eosId),
  });
  return {
    ...tokenizer,
    get notes() {
      return [...tokenizer.notes, ...template.notes];
    },
    applyChatTemplate: (messages, options) => template.render(messages, options),
    encodeChat(messages, options) {
      const ids = tokenizer.encode(template.render(messages, options), { addSpecial: false });
      if (tokenizer.addsBos && tokenizer.bosId !== null && ids[0] !== tokenizer.bosId) ids.unshift(tokenizer.bosId);
      return ids;
    },
  };
}
