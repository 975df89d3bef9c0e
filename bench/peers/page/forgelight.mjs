/** @param {import('./bench.mjs').StartOptions} options @returns {Promise<import('./bench.mjs').Engine>} */
export async function start({ modelUrl, timeouts }) {
  const library = '/lib/index.js';
  const { createEngine } = await import(library);
  const engine = await createEngine({ model: modelUrl, timeouts, keep: false });
  return {
    version: 'this checkout',
    async generate(prompt, tokens, onToken) {
      const chunks = await engine.completions.create({
        prompt: prompt.ids,
        max_tokens: tokens,
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
      });
      let usage;
      for await (const chunk of chunks) {
        if (chunk.choices[0]?.finish_reason === null) onToken();
        usage = chunk.usage ?? usage;
      }
      const { prompt_tokens, completion_tokens, prompt_tokens_details } = usage;
      return { promptTokens: prompt_tokens - prompt_tokens_details.cached_tokens, tokens: completion_tokens };
    },
    lastStep: async () => (await engine.stats()).lastStep,
  };
}
