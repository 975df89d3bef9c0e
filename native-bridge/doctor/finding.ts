/** One thing that was looked at. What is not right has a sentence that says what to type. */
export type Finding =
  | { readonly id: string; readonly status: 'ok' | 'info'; readonly what: string; readonly fix: null }
  | { readonly id: string; readonly status: 'warning' | 'problem'; readonly what: string; readonly fix: string };

export const ok = (id: string, what: string): Finding => ({ id, status: 'ok', what, fix: null });
export const info = (id: string, what: string): Finding => ({ id, status: 'info', what, fix: null });
export const warning = (id: string, what: string, fix: string): Finding => ({ id, status: 'warning', what, fix });
export const problem = (id: string, what: string, fix: string): Finding => ({ id, status: 'problem', what, fix });

/** What is wrong with one of several, where another does. */
export const lessened = (finding: Finding): Finding =>
  finding.status === 'problem' ? warning(finding.id, finding.what, finding.fix) : finding;
