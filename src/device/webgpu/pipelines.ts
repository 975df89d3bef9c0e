import { ForgelightError } from '../../base/errors';
import type { Dispatch } from '../plan';
import { shaderName, variantKey } from '../variant-key';
import { shaderText, withConstants } from './shader-text';
import { SHADERS } from './shaders.generated';

/** A dispatch's pipeline and the layout its bind groups follow. */
export interface KernelPipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Makes each pipeline once, asynchronously, and keeps it as long as the device. */
export class PipelineCache {
  private readonly pipelines = new Map<string, Promise<KernelPipeline>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  created = 0;

  /** `sharesReads`: the threads of a quad read for each other, which needs the feature subgroups. */
  constructor(
    private readonly device: GPUDevice,
    private readonly sharesReads: boolean,
  ) {}

  get(dispatch: Dispatch): Promise<KernelPipeline> {
    const key = variantKey(dispatch);
    const known = this.pipelines.get(key);
    if (known !== undefined) return known;
    const made = this.create(dispatch, key);
    this.pipelines.set(key, made);
    return made;
  }

  private async create(dispatch: Dispatch, key: string): Promise<KernelPipeline> {
    const shader = shaderName(dispatch);
    const code = this.textOf(dispatch);
    if (code === null) {
      throw new ForgelightError('unsupported-quantisation', `There is no kernel ${shader} in this build.`);
    }
    const layout = this.layoutOf(dispatch);
    this.created += 1;
    const pipeline = await this.device.createComputePipelineAsync({
      label: key,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: this.device.createShaderModule({ label: shader, code: withConstants(code, dispatch.constants) }),
        entryPoint: 'main',
      },
    });
    return { pipeline, layout };
  }

  private textOf({ shader, modules }: Dispatch): string | null {
    const takesReads = SHADERS.kernels[shader]?.takes.reads !== undefined;
    const reads = this.sharesReads ? 'quad' : 'each';
    return shaderText(SHADERS, shader, takesReads ? { ...modules, reads } : modules);
  }

  /** Binding 0 the uniform block, 1 the step input, then the dispatch's buffers. */
  private layoutOf(dispatch: Dispatch): GPUBindGroupLayout {
    const types: GPUBufferBindingType[] = [
      'uniform',
      'read-only-storage',
      ...dispatch.buffers.map((use): GPUBufferBindingType => (use.access === 'read' ? 'read-only-storage' : 'storage')),
    ];
    const key = types.join(' ');
    const known = this.layouts.get(key);
    if (known !== undefined) return known;
    const layout = this.device.createBindGroupLayout({
      label: key,
      entries: types.map((type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
    });
    this.layouts.set(key, layout);
    return layout;
  }
}
