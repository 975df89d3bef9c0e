import { ForgelightError } from '../../src/base/errors';
import type { Dispatch } from '../../src/device/plan';
import type { CodeObjects } from './code-objects';
import { HIP, type HipApi } from './hip-api';
import { kernelOf } from './hip-plan';

/** Loads each code object once, when one of its kernels is first asked for, and keeps it as long as the device. */
export class KernelCache {
  private readonly modules = new Map<string, Promise<bigint>>();
  private readonly kernels = new Map<string, bigint>();
  private readonly loaded: bigint[] = [];

  constructor(
    private readonly api: HipApi,
    private readonly objects: CodeObjects,
    private readonly target: string,
  ) {}

  /** Kernels that were loaded. */
  get created(): number {
    return this.kernels.size;
  }

  /** Throws `unsupported-quantisation` for a dispatch that no kernel of this build takes, `missing-feature`, and `HipError`. */
  async get(dispatch: Dispatch): Promise<bigint> {
    const found = kernelOf(dispatch);
    if (found === null) throw unknownKernel(dispatch.shader);
    const { unit, name } = found;
    const key = `${unit}/${name}`;
    const known = this.kernels.get(key);
    if (known !== undefined) return known;
    const module = await this.module(this.objects.nameOf(unit, dispatch.shader));
    const out = new BigUint64Array(1);
    const code = this.api.code('hipModuleGetFunction', out, module, name);
    if (code === HIP.notFound) throw unknownKernel(key);
    if (code !== 0) throw this.api.error('hipModuleGetFunction', code);
    const kernel = out[0] ?? 0n;
    this.kernels.set(key, kernel);
    return kernel;
  }

  private module(object: string): Promise<bigint> {
    const known = this.modules.get(object);
    if (known !== undefined) return known;
    const module = this.load(object);
    this.modules.set(object, module);
    return module;
  }

  private async load(object: string): Promise<bigint> {
    const bytes = await this.objects.load(this.target, object);
    const module = this.api.make('hipModuleLoadData', bytes);
    this.loaded.push(module);
    return module;
  }

  free(): void {
    this.kernels.clear();
    this.modules.clear();
    for (const module of this.loaded.splice(0)) this.api.code('hipModuleUnload', module);
  }
}

function unknownKernel(name: string): ForgelightError {
  return new ForgelightError('unsupported-quantisation', `There is no HIP kernel ${name} in this build.`);
}
