import type { KernelName } from '../plan';
import { runAttention, runAttentionMerge } from './attention';
import { runArgmax, runTopk, runTopkChunks, runTopkWinners } from './candidates';
import { runEmbed, runEmbedNorm } from './embed';
import { runExpertMatvec, runRoute } from './experts';
import type { Kernel } from './kernel-run';
import { runLayernorm } from './layernorm';
import { runMatmul, runMatvec } from './linear';
import { runActivation, runAddBias, runSoftcap } from './elementwise';
import { runKeepTokens } from './keep-tokens';
import { runPenalise } from './penalise';
import { runPool } from './pool';
import { runRelayout } from './relayout';
import { runHeadNorm, runRmsnorm } from './rmsnorm';
import { runQkv } from './qkv';
import { runRopeKv } from './rope-kv';
import { runGlu } from './glu';
import { runSample } from './sample';

export const REFERENCE_KERNELS: Readonly<Record<KernelName, Kernel>> = {
  embed: runEmbed,
  embed_norm: runEmbedNorm,
  rmsnorm: runRmsnorm,
  layernorm: runLayernorm,
  head_norm: runHeadNorm,
  add_bias: runAddBias,
  matvec: runMatvec,
  qkv: runQkv,
  matmul: runMatmul,
  glu: runGlu,
  route: runRoute,
  expert_matvec: runExpertMatvec,
  activation: runActivation,
  rope_kv: runRopeKv,
  attention: runAttention,
  attention_merge: runAttentionMerge,
  pool: runPool,
  keep_tokens: runKeepTokens,
  penalise: runPenalise,
  argmax: runArgmax,
  topk_chunks: runTopkChunks,
  topk_winners: runTopkWinners,
  topk: runTopk,
  sample: runSample,
  softcap: runSoftcap,
  relayout: runRelayout,
};
