/** @param {import('./bench.mjs').StartOptions} options @returns {Promise<import('./bench.mjs').Engine>} */
export async function start({ modelUrl, contextTokens }) {
  const library = '/node_modules/@wllama/wllama/esm/index.js';
  const { Wllama } = await import(library);
  const wllama = new Wllama(
    { default: new URL('/node_modules/@wllama/wllama/esm/wasm/wllama.wasm', location.href).href },
    { suppressNativeLog: true },
  );
  await wllama.loadModelFromUrl(new URL(modelUrl, location.href).href, {
    useCache: false,
    n_ctx: contextTokens,
    n_parallel: 1,
    // By itself it takes half of the cores.
    n_threads: navigator.hardwareConcurrency,
  });
  return {
    version: Wllama.getLibllamaVersion(),
    async generate(prompt, tokens, onToken) {
      const chunks = await wllama.createCompletion({
        prompt: prompt.text,
        max_tokens: tokens,
        temperature: 0,
        cache_prompt: false,
        stream: true,
      });
      let timings;
      for await (const chunk of chunks) {
        if (chunk.choices[0]?.finish_reason === null) onToken();
        timings = chunk.timings ?? timings;
      }
      return { promptTokens: timings.prompt_n, tokens: timings.predicted_n };
    },
  };
}
