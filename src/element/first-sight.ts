/** Calls once when `element` is first seen while that is wanted. */
export class FirstSight {
  readonly #element: HTMLElement;
  readonly #seen: () => void;
  #observer: IntersectionObserver | null = null;
  #wanted = false;

  constructor(element: HTMLElement, seen: () => void) {
    this.#element = element;
    this.#seen = seen;
  }

  set wanted(wanted: boolean) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.watch();
    else this.forget();
  }

  /** The element is in the document. */
  watch(): void {
    if (!this.#wanted || this.#observer !== null) return;
    this.#observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      this.forget();
      this.#seen();
    });
    this.#observer.observe(this.#element);
  }

  forget(): void {
    this.#observer?.disconnect();
    this.#observer = null;
  }
}
