/** A listener of `keydown` for which Escape is `act`, and is not what it would be for all that is around. */
export function onEscape(act: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
}
