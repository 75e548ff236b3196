// What scrolls sideways (wide tables, code) is reached by the keyboard.
document.addEventListener("DOMContentLoaded", () => {
  for (const each of document.querySelectorAll(".table-wrapper, .highlight pre")) {
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
  }
});
