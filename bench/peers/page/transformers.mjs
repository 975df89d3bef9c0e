/** @param {import('./bench.mjs').StartOptions} _options @returns {Promise<import('./bench.mjs').Engine>} */
export async function start(_options) {
  const library = '/node_modules/@huggingface/transformers/dist/transformers.min.js';
  const { AutoModelForCausalLM, BaseStreamer, Tensor, env } = await import(library);
  env.allowLocalModels = true;
  env.allowRemoteModels = false;
  env.localModelPath = '/twin/';
  env.useBrowserCache = false;
  env.backends.onnx.wasm.wasmPaths = new URL('/node_modules/onnxruntime-web/dist/', location.href).href;
  const model = await AutoModelForCausalLM.from_pretrained('SmolLM2-135M-Instruct', { dtype: 'q4', device: 'webgpu' });
  return {
    version: env.version,
    async generate({ ids }, tokens, onToken) {
      let made = 0;
      let isPrompt = true;
      class Counter extends BaseStreamer {
        // What comes first is the prompt.
        put() {
          if (!isPrompt) {
            made++;
            onToken();
          }
          isPrompt = false;
        }
        end() {}
      }
      const shape = [1, ids.length];
      await model.generate({
        inputs: new Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
        attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
        min_new_tokens: tokens,
        max_new_tokens: tokens,
        do_sample: false,
        streamer: new Counter(),
      });
      return { promptTokens: ids.length, tokens: made };
    },
  };
}
