// In a form the element is a field like any other: the last answer is its value, reset empties it, and Back restores it.
const form = document.querySelector('form');
const output = document.querySelector('output');

form?.addEventListener('submit', (event) => {
  event.preventDefault();
  const lines = [...new FormData(form)].map(([name, text]) => (typeof text === 'string' ? `${name}: ${text}` : name));
  if (output !== null) output.textContent = lines.join(', ');
});
