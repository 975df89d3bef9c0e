import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Another server, as far as a daemon that passes requests on needs one: it says which model was asked. */
export class OpenAiServer {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(models: readonly string[]): Promise<OpenAiServer> {
    const server = createServer((request, response) => void answer(models, request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new OpenAiServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

async function answer(models: readonly string[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ object: 'list', data: models.map((id) => ({ id, object: 'model' })) }));
    return;
  }
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  const { model } = JSON.parse(text) as { readonly model: string };
  response.setHeader('content-type', 'text/event-stream');
  for (const [delta, finish_reason] of [
    [{ role: 'assistant', content: null }, null],
    [{ content: 'I am ' }, null],
    [{ content: `${model}.` }, null],
    [{}, 'stop'],
  ]) {
    const choices = [{ index: 0, delta, finish_reason }];
    const chunk = { id: 'chatcmpl-there', object: 'chat.completion.chunk', created: 1, model, choices };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end('data: [DONE]\n\n');
}
