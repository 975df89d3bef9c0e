// The second chat has no model of its own: it is given the first one's when that is ready. The last one that holds it closes it.
const one = document.getElementById('one');
const two = document.getElementById('two');

one?.addEventListener('forgelight-ready', () => Object.assign(two ?? {}, { engine: one.engine }));
