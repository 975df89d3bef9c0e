import { afterEach, expect, it, vi } from 'vitest';
import { Q4_1 } from '../../quant/q4_1';
import { matvec } from '../../kernels/matvec';
import { openGpuDevice } from './adapter';
import { WebGpuDevice } from './webgpu-device';

afterEach(() => vi.restoreAllMocks());

it.each([
  { isSoftware: true, features: ['subgroups'], expected: true },
  { isSoftware: true, features: [], expected: false },
  // Caches of GPUs serve one address to many threads; their subgroups may be as large as a workgroup.
  { isSoftware: false, features: ['subgroups'], expected: false },
])(
  'threads read for each other, $expected, on an adapter that is software, $isSoftware, with $features',
  async (of) => {
    const codes: string[] = [];
    const make = Reflect.get(GPUDevice.prototype, 'createShaderModule') as GPUDevice['createShaderModule'];
    vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockImplementation(function (this: GPUDevice, descriptor) {
      codes.push(descriptor.code);
      return make.call(this, descriptor);
    });
    const { isSoftware, features } = of;
    const device = new WebGpuDevice({ ...(await openGpuDevice(navigator.gpu, { features })), isSoftware });
    const buffer = device.createBuffer('any', 64 * 64);
    const weights = { buffer, format: Q4_1, rows: 64, columns: 64 };
    const dispatch = matvec({ weights, x: buffer, y: buffer, yStride: 64, epilogue: 'store', variant: 'rows' });
    await device.prepare({ label: 'one', stepInput: buffer, dispatches: [dispatch] });
    device.close();
    expect(codes.map((code) => code.includes('quadBroadcast('))).toEqual([of.expected]);
  },
);
