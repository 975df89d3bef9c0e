// In a form the element is a field like any other: the last answer is its value, reset empties it, and Back restores it.
const form = document.querySelector('form');
const output = document.querySelector('output');

form?.addEventListener('submit', (event) => {
  event.preventDefault();
  const data = new FormData(form);
  if (output !== null) output.textContent = `A letter to ${data.get('to')}: ${data.get('letter')}`;
});
