// Says two minutes before a session ends by itself that it will, and then that it has. Who has no script reads on every page after how long
// that is.
"use strict";
(() => {
  const note = document.querySelector("[data-idle]");
  if (!note) return;
  const seconds = Number(note.dataset.idle);
  setTimeout(() => { note.hidden = false; }, Math.max(seconds - 120, seconds / 2) * 1000);
  setTimeout(() => { note.textContent = note.dataset.over; }, seconds * 1000);
})();
