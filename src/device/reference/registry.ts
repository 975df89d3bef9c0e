import type { KernelName } from '../plan';
import { runAttention } from './attention';
import { runArgmax, runTopk } from './candidates';
import { runEmbed } from './embed';
import type { Kernel } from './kernel-run';
import { runMatmul, runMatvec } from './linear';
import { runRmsnorm } from './rmsnorm';
import { runRopeKv } from './rope-kv';
import { runSwiglu } from './swiglu';

export const REFERENCE_KERNELS: Readonly<Record<KernelName, Kernel>> = {
  embed: runEmbed,
  rmsnorm: runRmsnorm,
  matvec: runMatvec,
  matmul: runMatmul,
  swiglu: runSwiglu,
  rope_kv: runRopeKv,
  attention: runAttention,
  argmax: runArgmax,
  topk: runTopk,
};
