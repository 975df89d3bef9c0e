import type { Dispatch } from './plan';

/** The key of a kernel variant: shader, modules and constants. */
export function variantKey(dispatch: Dispatch): string {
  const constants = Object.entries(dispatch.constants).map(([name, value]) => `${name.toLowerCase()}${value}`);
  return [shaderName(dispatch), ...constants.sort()].join('.');
}

/** A shader with its modules, of which the block format comes first. */
export function shaderName({ shader, modules }: Dispatch): string {
  return [shader, modules.quant, modules.kv].filter((part) => part !== undefined).join('.');
}
