// @ts-check
"use strict";
// A conversation as it is read: versions of messages, links to messages, pictures, code, keys.
{
  const { state } = archive;
  const main = /** @type {HTMLElement} */ (document.querySelector("main"));
  const said = make("p", { class: "said", role: "status" });
  document.body.append(said);

  // Versions. The messages form a tree by data-parent, of which one path is shown. A message that
  // ChatGPT did not show is no step of a path: it goes with its neighbour.
  const current = new Set(main.querySelectorAll(":scope > article"));
  /** @type {HTMLElement[]} */
  const articles = [...main.querySelectorAll("article")];
  /** @type {Map<string, HTMLElement[]>} the messages below a message, by its id */
  const below = new Map();
  /** @type {Map<string, HTMLElement>} the one of them that is shown */
  const chosen = new Map();
  /** @type {Map<HTMLElement, HTMLElement>} */
  const neighbours = new Map();
  const ids = new Set(articles.map((article) => article.id));
  /** @param {HTMLElement} article */
  const parent = (article) => (ids.has(article.dataset.parent || "") ? article.dataset.parent || "" : "");
  /** @param {HTMLElement} article */
  const version = (article) => parseInt(article.dataset.version || "1", 10);

  for (const article of articles) {
    if (article.classList.contains("hidden")) {
      const near = neighbour(article, "nextElementSibling") || neighbour(article, "previousElementSibling");
      if (near) neighbours.set(article, near);
      continue;
    }
    const siblings = below.get(parent(article));
    if (siblings) siblings.push(article);
    else below.set(parent(article), [article]);
  }
  for (const [id, siblings] of below) {
    siblings.sort((a, b) => version(a) - version(b));
    chosen.set(id, siblings.find((article) => current.has(article)) || siblings[siblings.length - 1]);
    if (siblings.length > 1) siblings.forEach((article, place) => page(article, siblings, place));
  }
  for (const details of main.querySelectorAll(":scope > details.versions")) {
    details.replaceWith(...details.querySelectorAll("article"));
  }
  show();

  /**
   * @param {Element} article
   * @param {"nextElementSibling" | "previousElementSibling"} way
   * @returns {HTMLElement | null} the shown message next to it, on the same branch
   */
  function neighbour(article, way) {
    /** @type {Element | null} */
    let other = article;
    do other = other[way];
    while (other && !other.matches("article:not(.hidden)"));
    return /** @type {HTMLElement | null} */ (other);
  }

  /** Put the arrows into a message. @param {HTMLElement} article @param {HTMLElement[]} siblings @param {number} place */
  function page(article, siblings, place) {
    /** @param {number} step @param {string} name @param {string} sign */
    const button = (step, name, sign) => {
      const label = `${name} version (${place + 1} of ${siblings.length})`;
      const end = !siblings[place + step];
      const attributes = { type: "button", "aria-label": label, "aria-disabled": end && "true" };
      return make("button", { ...attributes, click: () => turn(article, step) }, sign);
    };
    const pager = make("span", { class: "pager" }, button(-1, "Previous", "‹"));
    pager.append(make("span", {}, `${place + 1}/${siblings.length}`), button(1, "Next", "›"));
    article.querySelector(".by")?.append(pager);
  }

  /** Show the path of the chosen messages. */
  function show() {
    /** @type {Set<Element>} */
    const path = new Set();
    for (let next = chosen.get(""); next && !path.has(next); next = chosen.get(next.id)) path.add(next);
    for (const article of articles) {
      const step = article.classList.contains("hidden") ? neighbours.get(article) : article;
      article.hidden = !!step && !path.has(step);
    }
  }

  /** Show another version of a message, where this one stands. @param {HTMLElement} article @param {number} step */
  function turn(article, step) {
    const siblings = below.get(parent(article)) || [];
    const other = siblings[siblings.indexOf(article) + step];
    if (!other) return;
    const top = article.getBoundingClientRect().top;
    const focused = document.activeElement;
    const buttons = [...article.querySelectorAll(".pager button")];
    chosen.set(parent(article), other);
    show();
    const place = buttons.indexOf(/** @type {Element} */ (focused));
    const button = /** @type {HTMLElement | undefined} */ (other.querySelectorAll(".pager button")[place]);
    if (button) button.focus({ preventScroll: true });
    else focus(other);
    scrollBy({ top: other.getBoundingClientRect().top - top, behavior: "instant" });
    said.textContent = `Version ${siblings.indexOf(other) + 1} of ${siblings.length}`;
    const address = new URL(location.href);
    address.hash = other.id;
    history.replaceState(history.state, "", address);
    archive.mark();
  }

  /** Lead to what the address names: open its branch and its folds. */
  function follow() {
    /** @type {HTMLElement | null} */
    const target = document.getElementById(location.hash.slice(1));
    if (!target || target === main || !main.contains(target)) return;
    let article = /** @type {HTMLElement | null} */ (target.closest("article"));
    if (article?.classList.contains("hidden")) {
      unhide(true);
      article = neighbours.get(article) || article;
    }
    while (article && chosen.get(parent(article)) && chosen.get(article.id) !== article) {
      const above = parent(article);
      chosen.set(above, article);
      article = above ? document.getElementById(above) : null;
    }
    show();
    for (let fold = target.closest("details"); fold; fold = fold.parentElement?.closest("details") || null) {
      fold.open = true;
    }
    arrive(target);
    archive.mark();
  }

  /** Scroll to an element, and again when what is above it has its height. @param {Element} target */
  function arrive(target) {
    const article = target.closest("article");
    if (article) focus(article);
    target.scrollIntoView();
    requestAnimationFrame(() => requestAnimationFrame(() => target.scrollIntoView()));
  }

  /** Give a message the focus. @param {HTMLElement} article */
  function focus(article) {
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
  }

  // Messages that ChatGPT did not show, on request.
  const hidden = articles.filter((article) => article.classList.contains("hidden")).length;
  const unhider = make("button", { type: "button", class: "more", click: () => unhide() });
  /** @param {boolean} [on] */
  function unhide(on = !main.classList.contains("show-hidden")) {
    main.classList.toggle("show-hidden", on);
    unhider.textContent = `${on ? "Hide" : "Show"} ${hidden === 1 ? "1 hidden message" : `${hidden} hidden messages`}`;
  }
  if (hidden) {
    unhide(false);
    main.querySelector("header")?.append(unhider);
  }

  // The switch that hides the titles in the look back, and those in the list beside it.
  const hider = /** @type {HTMLElement | null} */ (main.querySelector("button.hide-titles"));
  if (hider) {
    hider.hidden = false;
    hider.addEventListener("click", () => {
      const on = main.classList.toggle("hide-titles");
      hider.textContent = on ? "Show titles" : "Hide titles";
    });
  }

  // Code: a button that copies it.
  for (const code of main.querySelectorAll(".code")) {
    const button = make("button", { type: "button", class: "copy" }, "Copy");
    button.addEventListener("click", async () => {
      const done = await copy(code.querySelector("pre")?.textContent || "");
      button.textContent = said.textContent = done ? "Copied" : "Not copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    code.prepend(button);
  }

  /** @param {string} text @returns {Promise<boolean>} */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = make("textarea", { class: "said", readonly: true });
      field.value = text;
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  }

  // What is wider than the page can be scrolled by the keyboard.
  const wide = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting || target.scrollWidth <= target.clientWidth) continue;
      /** @type {HTMLElement} */ (target).tabIndex = 0;
      wide.unobserve(target);
    }
  });
  for (const element of main.querySelectorAll("pre, .table, math[display=block], .scrolls")) wide.observe(element);

  // Pictures, larger on a click.
  /** @type {HTMLAnchorElement[]} */
  let pictures = [];
  let place = 0;
  const image = make("img", { alt: "" });
  const caption = make("p", { class: "caption" });
  const viewer = make("dialog", { class: "viewer", "aria-label": "Picture", keydown: leaf, click: away },
    image, caption, make("p", { class: "buttons" },
      make("button", { type: "button", "aria-label": "Previous picture", class: "step", click: () => look(place - 1) }, "‹"),
      make("button", { type: "button", "aria-label": "Next picture", class: "step", click: () => look(place + 1) }, "›"),
      make("button", { type: "button", click: () => viewer.close() }, "Close"))); // prettier-ignore
  main.addEventListener("click", (event) => {
    const { ctrlKey, metaKey, shiftKey } = event;
    const link = /** @type {Element} */ (event.target).closest("figure.picture a");
    if (!link || ctrlKey || metaKey || shiftKey) return;
    event.preventDefault();
    pictures = /** @type {HTMLAnchorElement[]} */ ([...main.querySelectorAll("article:not([hidden]) figure.picture a")]);
    if (!viewer.isConnected) document.body.append(viewer);
    look(pictures.indexOf(/** @type {HTMLAnchorElement} */ (link)));
    viewer.showModal();
  });
  viewer.addEventListener("close", () => pictures[place]?.focus());

  /** Show a picture of the page. @param {number} number */
  function look(number) {
    if (!pictures[number]) return;
    place = number;
    const small = pictures[number].querySelector("img");
    image.src = pictures[number].href;
    image.alt = small?.alt || "";
    const words = pictures[number].closest("figure")?.querySelector("figcaption")?.textContent || "";
    caption.textContent = words + (pictures.length > 1 ? ` (${number + 1} of ${pictures.length})` : "");
    for (const button of viewer.querySelectorAll(".step")) button.toggleAttribute("hidden", pictures.length < 2);
  }

  /** @param {KeyboardEvent} event */
  function leaf(event) {
    if (event.key === "ArrowRight") look(place + 1);
    if (event.key === "ArrowLeft") look(place - 1);
  }

  /** A click beside what a dialog holds closes it. @param {MouseEvent} event */
  function away(event) {
    if (event.target === event.currentTarget) /** @type {HTMLDialogElement} */ (event.currentTarget).close();
  }

  // The words of the query, marked without a change to the page.
  let marking = 0;
  archive.mark = () => {
    const mine = ++marking;
    CSS.highlights?.delete("found");
    if (!state.q || !archive.places || !CSS.highlights) return;
    const found = new Highlight();
    CSS.highlights.set("found", found);
    const shown = articles.filter((article) => !article.hidden);
    const first = shown.findIndex((article) => "#" + article.id === location.hash);
    const order = first > 0 ? [shown[first], ...shown] : shown;
    let next = 0;
    const some = () => {
      const until = performance.now() + 10;
      while (mine === marking && next < order.length && performance.now() < until) words(order[next++], found);
      if (mine === marking && next < order.length) setTimeout(some);
    };
    some();
  };

  /** @param {HTMLElement} article @param {Highlight} found */
  function words(article, found) {
    const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (text.parentElement?.closest(".by, .copy")) continue;
      for (const [from, to] of archive.places?.(state.q, text.nodeValue || "") || []) {
        const range = new StaticRange({ startContainer: text, startOffset: from, endContainer: text, endOffset: to });
        found.add(range);
      }
    }
  }

  // Keys.
  const KEYS = [
    ["/", "Search"],
    ["j k", "Next message, previous message"],
    ["← →", "Versions of the message that has the focus; pictures"],
    ["↑ ↓", "Through the list or the results"],
    ["Esc", "Close, or empty the search"],
    ["?", "This help"],
  ];
  const single = make("input", { type: "checkbox", change: () => remember(single.checked) });
  single.checked = true;
  try {
    single.checked = localStorage.getItem("gptexit-keys") !== "off";
  } catch {
    // As they come.
  }
  /** @param {boolean} on */
  function remember(on) {
    try {
      localStorage.setItem("gptexit-keys", on ? "on" : "off");
    } catch {
      // It holds for this page.
    }
  }
  const help = make("dialog", { class: "help", "aria-labelledby": "keys", click: away },
    make("div", {},
      make("h2", { id: "keys" }, "Keys"),
      make("dl", {}, ...KEYS.map(([keys, does]) => make("div", {},
        make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "])),
        make("dd", {}, does)))),
      make("label", {}, single, " Use the keys / j k ?"),
      make("p", {}, "To print a conversation or to save it as a PDF, print this page. It prints the versions that you see."),
      make("button", { type: "button", click: () => help.close() }, "Close"))); // prettier-ignore
  archive.help = () => {
    document.body.append(help);
    help.showModal();
  };

  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (archive.back()) event.preventDefault();
      return;
    }
    if (target.matches("input:not([type=checkbox]), select, textarea, audio, video")) return;
    const article = /** @type {HTMLElement | null} */ (target.closest("article"));
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (!article || !(target === article || target.closest(".pager"))) return;
      turn(article, event.key === "ArrowLeft" ? -1 : 1);
    } else if (!single.checked) return;
    else if (event.key === "/") archive.find();
    else if (event.key === "?") archive.help();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  });

  /** Go to the next or the previous message. @param {number} way */
  function step(way) {
    const shown = articles.filter((article) => article.checkVisibility());
    const now = /** @type {HTMLElement | null} */ (document.activeElement?.closest("article"));
    let number = now ? shown.indexOf(now) + way : shown.findIndex((article) => article.getBoundingClientRect().bottom > 80);
    number = Math.max(0, Math.min(shown.length - 1, number));
    if (shown[number]) arrive(shown[number]);
  }

  // On paper everything is open.
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...main.querySelectorAll("details")].filter((details) => !details.open);
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });

  addEventListener("hashchange", follow);
  follow();
}
