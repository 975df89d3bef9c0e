import { ForgelightError } from '../base/errors';

/** The error of a model whose logits hold NaN. Sampling from them would hide a broken file or a broken kernel. */
export function nanLogits(tokenId: number): ForgelightError {
  return new ForgelightError(
    'corrupt-model',
    `the model computed NaN as the logit of token ${tokenId}: its weights are damaged or this GPU computes wrongly; ` +
      'load the model again, and if that does not help, use another file',
  );
}
