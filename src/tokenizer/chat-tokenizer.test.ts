import { describe, expect, it } from 'vitest';
import { zooMetadata } from '../../test/support/model-metadata';
import { createChatTokenizer } from './chat-tokenizer';

const USER = [{ role: 'user', content: 'Hi' }];

describe('the ids of a conversation', () => {
  const metadata = zooMetadata('llama'); // adds BOS, 508, `<bos>`

  it('begin with BOS where the file asks for it', () => {
    const tokenizer = createChatTokenizer(metadata);
    const prompt = tokenizer.applyChatTemplate(USER);
    expect(prompt).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
    expect(tokenizer.encodeChat(USER)).toEqual(tokenizer.encode(prompt));
    expect(tokenizer.encodeChat(USER)[0]).toBe(508);
  });

  it('do not begin with two when the template writes it too', () => {
    const tokenizer = createChatTokenizer(
      new Map([...metadata, ['tokenizer.chat_template', '{{ bos_token }}{{ messages[0].content }}']]),
    );
    expect(tokenizer.applyChatTemplate(USER)).toBe('<bos>Hi');
    expect(tokenizer.encodeChat(USER)).toEqual(tokenizer.encode('Hi'));
  });

  it('come with the notes of tokenizer and template', () => {
    const bare = new Map(metadata);
    bare.delete('tokenizer.chat_template');
    bare.delete('tokenizer.ggml.pre');
    expect(createChatTokenizer(bare).notes).toEqual([
      expect.stringContaining('no pre-tokenizer'),
      expect.stringContaining('no chat template'),
    ]);
    expect(createChatTokenizer(metadata).notes).toEqual([]);
  });
});
