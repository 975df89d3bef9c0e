declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A request, numbered from 1 by the client that submits it; unique within one engine. */
export type RequestId = Branded<number, 'RequestId'>;
/** A block of the paged KV cache: index into the pool. */
export type BlockId = Branded<number, 'BlockId'>;
/** A token of the model's vocabulary. */
export type TokenId = Branded<number, 'TokenId'>;

export const requestId = (n: number): RequestId => n as RequestId;
export const blockId = (n: number): BlockId => n as BlockId;
export const tokenId = (n: number): TokenId => n as TokenId;
