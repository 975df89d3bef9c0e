import type { DeviceBuffer } from '../device/device';
import type { Dispatch } from '../device/plan';
import { EPILOGUE_CODES } from './linear';
import { paramLayout } from './params';

export const rmsnormParams = paramLayout({ quads: 'u32', epsilon: 'f32', ofOutputs: 'u32', scale: 'f32' });

/** y[r] = scale · x[s] · weight / rms(x[s]), or added to y[r]; s is r, or with `ofOutputs` the row that output r reads. */
export function rmsnorm(args: {
  x: DeviceBuffer; // [rows × hidden] f32
  weight: DeviceBuffer; // [hidden] f32
  y: DeviceBuffer; // [rows or outputs × hidden] f32
  hidden: number;
  epsilon: number;
  ofOutputs?: boolean;
  /** 1 if not given. */
  scale?: number;
  epilogue?: 'store' | 'add';
}): Dispatch {
  return {
    kernel: 'rmsnorm',
    shader: 'rmsnorm',
    modules: {},
    constants: { EPILOGUE: EPILOGUE_CODES[args.epilogue ?? 'store'] },
    params: rmsnormParams.encode({
      quads: args.hidden / 4,
      epsilon: args.epsilon,
      ofOutputs: args.ofOutputs === true ? 1 : 0,
      scale: args.scale ?? 1,
    }),
    buffers: [
      { buffer: args.x, access: 'read' },
      { buffer: args.weight, access: 'read' },
      { buffer: args.y, access: 'write' },
    ],
    grid: (rows) => [1, rows, 1],
  };
}
