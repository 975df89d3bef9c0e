"""llama.cpp through its C interface: logits and embeddings of a GGUF, on the CPU, with an f32 KV cache and no flash attention.

The shared libraries are those that npm's node-llama-cpp 3.22.1 brings (llama.cpp v0.5.0), in
node_modules/@node-llama-cpp/linux-x64/bins/linux-x64. The structures below are that version's include/llama.h.
"""
import ctypes as c
import pathlib

import numpy as np

F32 = 0


class ModelParams(c.Structure):
    _fields_ = [
        ("devices", c.c_void_p), ("tensor_buft_overrides", c.c_void_p), ("n_gpu_layers", c.c_int32),
        ("split_mode", c.c_int), ("load_mode", c.c_int), ("lazy_mode", c.c_int), ("main_gpu", c.c_int32),
        ("tensor_split", c.c_void_p), ("progress_callback", c.c_void_p), ("progress_user_data", c.c_void_p),
        ("kv_overrides", c.c_void_p), ("vocab_only", c.c_bool), ("check_tensors", c.c_bool),
        ("use_extra_bufts", c.c_bool), ("no_host", c.c_bool), ("no_alloc", c.c_bool), ("load_mtp", c.c_bool),
    ]


class ContextParams(c.Structure):
    _fields_ = [
        *((name, c.c_uint32) for name in ("n_ctx", "n_batch", "n_ubatch", "n_seq_max", "n_rs_seq", "n_outputs_max",
                                          "n_outputs_max_per_seq")),
        ("n_threads", c.c_int32), ("n_threads_batch", c.c_int32),
        *((name, c.c_int) for name in ("ctx_type", "rope_scaling_type", "pooling_type", "attention_type",
                                       "flash_attn_type")),
        *((name, c.c_float) for name in ("rope_freq_base", "rope_freq_scale", "yarn_ext_factor", "yarn_attn_factor",
                                         "yarn_beta_fast", "yarn_beta_slow")),
        ("yarn_orig_ctx", c.c_uint32), ("defrag_thold", c.c_float), ("cb_eval", c.c_void_p),
        ("cb_eval_user_data", c.c_void_p), ("type_k", c.c_int), ("type_v", c.c_int), ("abort_callback", c.c_void_p),
        ("abort_callback_data", c.c_void_p),
        *((name, c.c_bool) for name in ("embeddings", "offload_kqv", "no_perf", "op_offload", "swa_full",
                                        "kv_unified")),
        ("samplers", c.c_void_p), ("n_samplers", c.c_size_t), ("ctx_other", c.c_void_p),
    ]


class Batch(c.Structure):
    _fields_ = [
        ("n_tokens", c.c_int32), ("token", c.POINTER(c.c_int32)), ("embd", c.c_void_p), ("pos", c.POINTER(c.c_int32)),
        ("n_seq_id", c.POINTER(c.c_int32)), ("seq_id", c.POINTER(c.POINTER(c.c_int32))),
        ("logits", c.POINTER(c.c_int8)),
    ]


class LlamaCpp:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        opened = [c.CDLL(str(next(folder.glob(name))), mode=c.RTLD_GLOBAL)
                  for name in ("libggml-base.so*", "libggml.v*.so", "libllama.v*.so")]
        ggml, self.api = opened[1:]
        self.log = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)(self.keep_errors)
        self.errors = []
        self.api.llama_log_set(self.log, None)
        ggml.ggml_backend_load_all_from_path(str(folder).encode())
        for name, result, arguments in (
            ("llama_model_default_params", ModelParams, []),
            ("llama_context_default_params", ContextParams, []),
            ("llama_model_load_from_file", c.c_void_p, [c.c_char_p, ModelParams]),
            ("llama_init_from_model", c.c_void_p, [c.c_void_p, ContextParams]),
            ("llama_batch_init", Batch, [c.c_int32] * 3),
            ("llama_batch_free", None, [Batch]),
            ("llama_decode", c.c_int32, [c.c_void_p, Batch]),
            ("llama_get_logits_ith", c.POINTER(c.c_float), [c.c_void_p, c.c_int32]),
            ("llama_get_embeddings_seq", c.POINTER(c.c_float), [c.c_void_p, c.c_int32]),
            ("llama_model_get_vocab", c.c_void_p, [c.c_void_p]),
            ("llama_tokenize", c.c_int32, [c.c_void_p, c.c_char_p, c.c_int32, c.POINTER(c.c_int32), c.c_int32, c.c_bool,
                                           c.c_bool]),
            ("llama_free", None, [c.c_void_p]),
            ("llama_model_free", None, [c.c_void_p]),
        ):
            function = getattr(self.api, name)
            function.restype, function.argtypes = result, arguments
        self.api.llama_backend_init()

    def keep_errors(self, level, text, _):
        if level >= 4:
            self.errors.append(text.decode())

    def logits(self, path, ids, vocabulary, context=512):
        """Logits of every position of `ids`, [tokens × vocabulary]; all in one batch."""
        def read(session):
            return np.stack([self.copied(self.api.llama_get_logits_ith(session, i), vocabulary)
                             for i in range(len(ids))])
        return self.run(path, ids, context, False, read)

    def embedding(self, path, ids, hidden, context=512):
        """The vector that the file's own pooling makes of `ids`, scaled to length 1: [hidden]."""
        pooled = self.run(path, ids, context, True,
                          lambda session: self.copied(self.api.llama_get_embeddings_seq(session, 0), hidden))
        return pooled / np.linalg.norm(pooled)

    def tokens(self, path, text):
        """Ids of `text`, with the special tokens that the file asks for."""
        model = self.load(path, vocabulary_only=True)
        data, room = text.encode(), len(text.encode()) + 16
        found = (c.c_int32 * room)()
        count = self.api.llama_tokenize(self.api.llama_model_get_vocab(model), data, len(data), found, room, True, True)
        self.api.llama_model_free(model)
        return list(found[:count])

    def load(self, path, vocabulary_only=False):
        params = self.api.llama_model_default_params()
        params.n_gpu_layers = 0
        params.use_extra_bufts = False
        params.vocab_only = vocabulary_only
        model = self.api.llama_model_load_from_file(str(path).encode(), params)
        if not model:
            raise RuntimeError("".join(self.errors))
        return model

    @staticmethod
    def copied(values, length):
        return np.ctypeslib.as_array(values, (length,)).astype(np.float64)

    def run(self, path, ids, context, embeddings, read):
        """What `read` takes of a session that has run `ids` in one batch."""
        api = self.api
        model = self.load(path)
        params = api.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = context
        params.n_threads = params.n_threads_batch = 1
        params.flash_attn_type = 0
        params.type_k = params.type_v = F32
        params.embeddings = embeddings
        session = api.llama_init_from_model(model, params)
        if not session:
            raise RuntimeError("".join(self.errors))
        batch = api.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
            batch.seq_id[i][0] = 0
        if api.llama_decode(session, batch) != 0:
            raise RuntimeError("".join(self.errors))
        found = read(session)
        api.llama_batch_free(batch)
        api.llama_free(session)
        api.llama_model_free(model)
        return found
