import OpenAI from 'openai';
import { describe, expect, it, vi } from 'vitest';
import { busyError, FAKE_DEVICE, FAKE_SHA256, forever } from '../testing/fake-backend';
import { useDaemons, type RunningDaemon } from '../testing/use-daemon';
import { eventually } from '../../test/support/eventually';

const start = useDaemons();
const MESSAGES = [{ role: 'user' as const, content: 'Hi' }];

function clientOf({ url, key }: RunningDaemon, apiKey = key): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

describe("OpenAI's own client", () => {
  it('lists, answers whole and in pieces, completes, and makes vectors', async () => {
    const daemon = await start();
    const client = clientOf(daemon);
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(['fake.gguf']);
    for (const id of ['fake.gguf', `sha256:${FAKE_SHA256}`]) {
      expect(await client.models.retrieve(id)).toEqual(models.data[0]);
    }
    await expect(client.models.retrieve('a/b.gguf')).rejects.toMatchObject({ status: 404, code: 'invalid-request' });
    const { data, response } = await client.chat.completions
      .create({ model: 'fake', messages: MESSAGES })
      .withResponse();
    expect([data.choices[0]?.message.content, data.model]).toEqual(['The cat sat.', 'fake']);
    expect([response.headers.get('x-forgelight-device'), response.headers.get('x-request-id')]).toEqual([
      FAKE_DEVICE,
      expect.stringMatching(/^fl-\d+$/),
    ]);
    const stream = await client.chat.completions.create({ model: 'fake.gguf', messages: MESSAGES, stream: true });
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      expect(chunk.model).toBe('fake.gguf'); // as it was asked for
    }
    expect(text).toBe('The cat sat.');
    const completion = await client.completions.create({ model: 'fake', prompt: 'The' });
    expect(completion.choices[0]?.text).toBe('The cat sat.');
    // It asks for base64, and reads it.
    const vectors = await client.embeddings.create({ model: 'fake', input: 'x' });
    expect(vectors.data[0]?.embedding).toEqual([0.5, -0.5]);
  });

  it('understands each failure, before a stream and within', async () => {
    const daemon = await start();
    const client = clientOf(daemon);
    await expect(clientOf(daemon, 'fl-wrong').models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(
      client.chat.completions.create({ model: 'fake', messages: MESSAGES, n: 1 }, { path: '/nothing' }),
    ).rejects.toMatchObject({ status: 404, code: 'invalid-request' });
    daemon.backend.failure = busyError();
    await expect(client.chat.completions.create({ model: 'fake', messages: MESSAGES })).rejects.toMatchObject({
      status: 503,
      code: 'busy',
      message: expect.stringContaining('Eight requests run.'),
    });
    daemon.backend.failure = null;
    daemon.backend.beforeWord = (index) => (index === 1 ? Promise.reject(busyError()) : Promise.resolve());
    const stream = await client.chat.completions.create({ model: 'fake', messages: MESSAGES, stream: true });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.choices[0]?.delta.content).toBe('The');
    };
    await expect(read()).rejects.toMatchObject({ code: 'busy', error: { message: 'Eight requests run.' } });
  });

  it('tries again by itself when the daemon is busy', async () => {
    const daemon = await start();
    const client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: daemon.key, maxRetries: 1 });
    daemon.backend.failure = busyError();
    vi.spyOn(daemon.backend, 'chat').mockImplementationOnce(() => {
      daemon.backend.failure = null;
      return Promise.reject(busyError());
    });
    const answer = await client.chat.completions.create({ model: 'fake', messages: MESSAGES });
    expect(answer.choices[0]?.message.content).toBe('The cat sat.');
  });

  it('stops an answer', async () => {
    const daemon = await start();
    daemon.backend.beforeWord = (index, signal) => (index === 1 ? forever(index, signal) : Promise.resolve());
    const stream = await clientOf(daemon).chat.completions.create({ model: 'fake', messages: MESSAGES, stream: true });
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.content).toBe('The');
      stream.controller.abort();
    }
    await eventually(() => expect(daemon.backend.cancelled).toBe(1));
  });
});
