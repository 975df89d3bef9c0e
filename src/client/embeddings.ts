import type { Session } from './session';
import type { CallOptions, EmbeddingBody, EmbeddingList, Embeddings } from './types';

/** Most engines make no embeddings: what it takes is fetched with the first call, where the build is in pieces. */
export function createEmbeddings(session: Session): Embeddings {
  function create(
    body: EmbeddingBody & { readonly encoding_format: 'base64' },
    options?: CallOptions,
  ): Promise<EmbeddingList<string>>;
  function create(
    body: EmbeddingBody & { readonly encoding_format?: 'float' | null },
    options?: CallOptions,
  ): Promise<EmbeddingList<readonly number[]>>;
  async function create(
    body: EmbeddingBody,
    options: CallOptions = {},
  ): Promise<EmbeddingList<string | readonly number[]>> {
    session.lifeline.throwIfEnded();
    const { embedInputs } = await import('./embed-inputs');
    return await embedInputs(session, body, options.signal);
  }
  return { create };
}
