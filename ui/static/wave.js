// Draws a part on the waveform: press, drag, let go.

let from = null;

const frame = (event) => event.target.closest('.tb-wave[data-seconds]');
const share = (box, event) => {
  const edge = box.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - edge.left) / edge.width));
};
const paint = (box, a, b) => {
  const mark = box.querySelector('.tb-drag');
  mark.hidden = false;
  mark.style.left = `${100 * Math.min(a, b)}%`;
  mark.style.width = `${100 * Math.abs(b - a)}%`;
};

element.addEventListener('pointerdown', (event) => {
  const box = frame(event);
  if (!box || event.button) return;
  from = { box, at: share(box, event) };
  box.setPointerCapture(event.pointerId);
});
element.addEventListener('pointermove', (event) => {
  if (from) paint(from.box, from.at, share(from.box, event));
});
element.addEventListener('pointercancel', () => {
  if (from) from.box.querySelector('.tb-drag').hidden = true;
  from = null;
});
element.addEventListener('pointerup', (event) => {
  if (!from) return;
  const { box, at } = from, to = share(box, event), seconds = Number(box.dataset.seconds);
  from = null;
  box.querySelector('.tb-drag').hidden = true;
  const start = Math.min(at, to) * seconds, stop = Math.max(at, to) * seconds;
  // A press without a drag is not a choice.
  if (stop - start < 0.2) return;
  trigger('drag', { start_s: Math.round(start * 100) / 100, stop_s: Math.round(stop * 100) / 100 });
});
