// What the theme leaves out for those who do not see the page.
document.addEventListener("DOMContentLoaded", () => {
  for (const each of document.querySelectorAll(".sidebar-tree .caption[role=heading]")) each.ariaLevel = "2";
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
  // What scrolls sideways (wide tables, code) is reached by the keyboard.
  for (const each of document.querySelectorAll(".table-wrapper, .highlight pre")) {
    if (each.scrollWidth > each.clientWidth) each.tabIndex = 0;
  }
});
