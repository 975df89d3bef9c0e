/** A template asked for more steps, time or memory than it may have. */
export class TemplateTooCostly extends Error {
  override readonly name = 'TemplateTooCostly';
}

/** A template called `raise_exception`: it refuses this conversation. */
export class TemplateRefusal extends Error {
  override readonly name = 'TemplateRefusal';
}
