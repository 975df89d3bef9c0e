// What Vue's types say of the element, as a check of templates reads them. The compiler is the test: an expected error that does not come
// is an error.
import type { GlobalComponents } from 'vue';
import type {} from '../../../src/element/vue.generated';

type Chat = InstanceType<GlobalComponents['forgelight-chat']>;
type Props = Chat['$props'];

export const right: readonly Props[] = [
  {
    class: 'chat',
    src: 'hf:owner/repo:Q4_K_M',
    loading: 'lazy',
    'context-length': 2048,
    temperature: null,
    disabled: true,
  },
  { messages: [{ role: 'user', content: 'Hello' }], onClick: () => undefined },
  { 'onForgelight-delta': ({ detail }) => detail.text.trim() },
];

export function listen(emit: Chat['$emit'], event: CustomEvent<{ readonly text: string }>): void {
  emit('forgelight-delta', event);
  // @ts-expect-error: there is no such event
  emit('forgelight-words', event);
}

export const wrong: readonly Props[] = [
  // @ts-expect-error: a model is named by a text
  { src: 7 },
  // @ts-expect-error: there is no such moment
  { loading: 'soon' },
  // @ts-expect-error: nothing is called so
  { modle: 'x' },
  // @ts-expect-error: the element's own to say
  { state: 'ready' },
  // @ts-expect-error: a role that no message has
  { messages: [{ role: 'system', content: '' }] },
  // @ts-expect-error: an event's detail has a type
  { 'onForgelight-delta': ({ detail }) => detail.words },
];
