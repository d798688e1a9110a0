// What the theme leaves out for a keyboard and a screen reader: a name for its search, a stop at each table that scrolls.
(function () {
  "use strict";

  document.querySelector("[data-md-component=search]")?.setAttribute("aria-label", "Search");

  function stops() {
    for (const frame of document.querySelectorAll(".md-typeset__scrollwrap")) {
      if (frame.scrollWidth > frame.clientWidth) {
        frame.tabIndex = 0;
        frame.setAttribute("role", "region");
        frame.setAttribute("aria-label", "Table that scrolls");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) frame.removeAttribute(name);
      }
    }
  }

  addEventListener("load", stops);
  addEventListener("resize", stops);
})();
