// What React's types say of the element. The compiler is the test: an expected error that does not come is an error.
import type { ReactNode } from 'react';
import type { ForgelightChat } from '../../../src/element/index';
import type {} from '../../../src/element/react.generated';

export function right(engine: ForgelightChat['engine']): ReactNode {
  return (
    <forgelight-chat
      className="chat"
      style={{ blockSize: '20rem' }}
      ref={(chat) => void chat?.send('Hello')}
      src="hf:owner/repo:Q4_K_M"
      loading="lazy"
      context-length={2048}
      contextLength={null}
      temperature={0}
      disabled
      engine={engine}
      messages={[{ role: 'user', content: 'Hello' }]}
      onforgelight-delta={({ detail }) => detail.text.trim()}
      onforgelight-state={({ detail }) => detail.previous === 'ready'}
    >
      <p slot="empty">Ask.</p>
    </forgelight-chat>
  );
}

export const wrong: readonly ReactNode[] = [
  // @ts-expect-error: a model is named by a text
  <forgelight-chat src={7} />,
  // @ts-expect-error: there is no such moment
  <forgelight-chat loading="soon" />,
  // @ts-expect-error: nothing is called so
  <forgelight-chat modle="x" />,
  // @ts-expect-error: the element's own to say
  <forgelight-chat state="ready" />,
  // @ts-expect-error: a role that no message has
  <forgelight-chat messages={[{ role: 'system', content: '' }]} />,
  // @ts-expect-error: an event's detail has a type
  <forgelight-chat onforgelight-delta={({ detail }) => detail.words} />,
];
