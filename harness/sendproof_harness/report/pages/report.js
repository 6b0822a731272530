// The search of a page, explanations of terms, and links into closed parts. Without scripts, the page shows everything.
(() => {
  "use strict";
  const form = document.querySelector("form.search");
  let clear = () => {};

  // -- search: every part with the attribute data-find is shown or hidden as one ------------------------------------

  const search = () => {
    const input = form.elements.text;
    const output = form.querySelector("output");
    const parts = [...document.querySelectorAll("[data-find]")];
    const texts = new Map();
    const textOf = (part) => {
      if (!texts.has(part)) texts.set(part, part.textContent.toLowerCase());
      return texts.get(part);
    };
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const counts = new Map();
      const full = new Set();
      document.body.classList.toggle("searching", words.length > 0);
      for (const part of parts) {
        part.hidden = !words.every((word) => textOf(part).includes(word));
        if (!part.hidden) counts.set(part.dataset.find, (counts.get(part.dataset.find) || 0) + 1);
        if (!part.hidden) full.add(part.closest("section"));
      }
      document.querySelectorAll("section:not(.banner)").forEach((section) => {
        section.classList.toggle("no-match", words.length > 0 && !full.has(section));
      });
      const found = [...counts].map(([name, count]) => count + " " + (count === 1 ? name.split("|")[0] : name.split("|")[1]));
      output.textContent = words.length ? found.join(", ") || "nothing found" : "";
    };
    let waiting;
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(apply, 80);
    };
    clear = () => {
      input.value = "";
      apply();
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", soon);
    addEventListener("keydown", (event) => {
      const typing = /^(input|textarea|select)$/i.test(event.target.tagName || "");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        input.select();
      }
      if (event.key === "Escape" && input.value) clear();
    });
    document.querySelectorAll("[data-search]").forEach((link) =>
      link.addEventListener("click", () => {
        input.value = link.dataset.search;
        apply();
      })
    );
  };
  if (form) search();

  // -- terms: the title of a term as a box, which a keyboard and a touch screen reach too ----------------------------

  const box = document.createElement("div");
  box.className = "explanation";
  box.hidden = true;
  document.body.append(box);
  const show = (term) => {
    box.textContent = term.dataset.meaning;
    box.hidden = false;
    const at = term.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    box.style.left = Math.max(8, Math.min(at.left, width - box.offsetWidth - 8)) + "px";
    const below = at.bottom + 6;
    box.style.top = (below + box.offsetHeight > innerHeight ? at.top - box.offsetHeight - 6 : below) + "px";
  };
  const hide = () => {
    box.hidden = true;
  };
  document.querySelectorAll(".term").forEach((term) => {
    term.dataset.meaning = term.title;
    term.setAttribute("aria-description", term.title);
    term.removeAttribute("title");
    term.addEventListener("mouseenter", () => show(term));
    term.addEventListener("focus", () => show(term));
    term.addEventListener("click", () => show(term));
    term.addEventListener("mouseleave", hide);
    term.addEventListener("blur", hide);
  });
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => event.key === "Escape" && hide());

  // -- links into a closed part open it ------------------------------------------------------------------------------

  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden], .no-match")) clear();
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
})();
