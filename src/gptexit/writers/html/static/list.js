// @ts-check
"use strict";
// The list of conversations with its filters, and the results of the search, in <nav class="home">.
{
  const { load, query, root, rows, state } = archive;
  const page = document.documentElement;
  const main = /** @type {HTMLElement} */ (document.querySelector("main"));
  const nav = /** @type {HTMLElement} */ (document.querySelector("nav.home"));
  const chat = Number(document.body.dataset.chat) || 0;
  const home = new URL(root || ".", location.href);
  const FLAGS = {
    p: "Pictures", f: "Files", c: "Code", s: "Starred", a: "Archived", g: "Only in an older export",
  }; // prettier-ignore
  const GROUPS = { "": "Months", year: "Years", project: "Projects", gpt: "Custom GPTs" };
  const ROLES = { "": "Everyone", u: "You", a: "ChatGPT" };
  /** @param {Intl.DateTimeFormatOptions} options */
  const dates = (options) => new Intl.DateTimeFormat("en-GB", options);
  const MONTH = dates({ month: "long", year: "numeric" });
  const DAY = dates({ day: "numeric", month: "short", year: "numeric" });
  const SHORT = dates({ day: "numeric", month: "short" });
  /** @param {number} count */
  const figure = (count) => count.toLocaleString("en");
  /** @param {number} count */
  const chats = (count) => (count === 1 ? "1 conversation" : `${figure(count)} conversations`);

  // The list: what it holds (headings and conversations, each of the same height), and what of it
  // is in the page at the moment.
  /** @type {Row[]} */
  const all = [];
  /** @type {({heading: string, count: number} | Row | undefined)[]} */
  let items = [];
  /** @type {Map<number, HTMLElement>} */
  const drawn = new Map();
  let active = 0;
  let complete = false;
  /** @type {string[]} */
  const lacking = [];

  // Search and filters.
  const field = make("input", {
    type: "search", placeholder: "Search", "aria-label": "Search all conversations",
    autocomplete: "off", spellcheck: "false", value: state.q, input: type, keydown: leave,
  }); // prettier-ignore
  const status = make("p", { class: "status", role: "status" });
  const filters = make("div", { class: "filters" });
  const summary = make("summary", {}, "Filter");
  const here = make("p", { class: "here", "aria-hidden": "true" });
  const box = make("div", { class: "rows" });
  const results = make("ol", { class: "results" });
  const scroll = make("div", { class: "scroll", scroll: seen, keydown: walk }, here, box, results);
  const panel = make(
    "div",
    { class: "panel", id: "panel" },
    make("div", { class: "find", role: "search" }, field, make("kbd", { "aria-hidden": "true" }, "/")),
    make("div", { class: "tools" }, status, make("details", { class: "filter" }, summary, filters)),
    scroll,
  );
  const menu = make(
    "button",
    { type: "button", class: "menu", "aria-controls": "panel", click: () => drawer() },
    "Conversations",
  );
  const theme = make("button", { type: "button", class: "theme", click: dim }, "Dark");
  const help = make("button", { type: "button", class: "keys", click: () => archive.help() }, "Keys");
  const name = /** @type {HTMLElement} */ (nav.querySelector("a"));
  name.className = "name";
  if (!chat && main.id === "look-back") name.setAttribute("aria-current", "page");
  nav.setAttribute("aria-label", "Conversations");
  nav.replaceChildren(make("div", { class: "bar" }, menu, name, theme, help), panel);

  /** Open or close the list on a narrow screen. @param {boolean} [open] */
  function drawer(open = !nav.classList.contains("open")) {
    nav.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
    main.inert = open;
    if (open) draw();
  }
  drawer(false);
  archive.find = () => {
    if (menu.offsetParent) drawer(true);
    field.focus();
    field.select();
  };
  archive.back = () => {
    const open = nav.classList.contains("open");
    if (open) {
      drawer(false);
      menu.focus();
    }
    return open;
  };
  matchMedia("(max-width: 860px)").addEventListener("change", () => drawer(false));

  // Light and dark: the switch keeps what differs from the system.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (page.dataset.theme ? page.dataset.theme === "dark" : system.matches);
  function dim() {
    const next = dark() ? "light" : "dark";
    const same = system.matches === (next === "dark");
    if (same) delete page.dataset.theme;
    else page.dataset.theme = next;
    try {
      if (same) localStorage.removeItem("gptexit-theme");
      else localStorage.setItem("gptexit-theme", next);
    } catch {
      // It holds for this page at least.
    }
    told();
  }
  const told = () => theme.setAttribute("aria-pressed", String(dark()));
  system.addEventListener("change", told);
  told();

  /** @param {Row | undefined} row @returns {boolean} whether the filters let it through */
  const allows = (row) =>
    !!row &&
    (!state.year || year(row) === state.year) &&
    (!state.project || row[4] === state.project) &&
    (!state.gpt || row[5] === state.gpt) &&
    (!state.model || row[7].includes(state.model)) &&
    [...state.has].every((flag) => row[6].includes(flag));
  /** @param {Row} row */
  const year = (row) => (row[3] ? row[3].slice(0, 4) : "undated");
  /** @param {string} id */
  const project = (id) => archive.index?.projects[id] || `Project ${id.slice(-6)}`;
  /** @param {string} id */
  const gpt = (id) => archive.index?.gpts[id] || `Custom GPT ${id.slice(-6)}`;
  /** @param {string} name */
  const dated = (name) => (name === "undated" ? "Without a date" : name);

  /** The heading under which a conversation stands. @param {Row} row @returns {string} */
  function heading(row) {
    if (state.by === "project") return row[4] ? project(row[4]) : "In no project";
    if (state.by === "gpt") return row[5] ? gpt(row[5]) : "With no custom GPT";
    if (state.by === "year" || !row[3]) return dated(year(row));
    return MONTH.format(new Date(row[3].slice(0, 7) + "-01T00:00"));
  }

  /** Work out the list anew from the filters and draw it. */
  function refresh() {
    /** @type {Map<string, Row[]>} */
    const groups = new Map();
    /** @type {Map<string, string>} */
    const headings = new Map();
    const column = state.by === "project" ? 4 : state.by === "gpt" ? 5 : 0;
    let count = 0;
    for (const row of all) {
      if (!allows(row)) continue;
      const key = column ? row[column] || "" : (row[3] || "").slice(0, state.by ? 4 : 7);
      let group = groups.get(String(key));
      if (!group) {
        groups.set(String(key), (group = []));
        headings.set(String(key), heading(row));
      }
      group.push(row);
      count++;
    }
    let order = [...groups.keys()];
    if (column) {
      const of = (/** @type {string} */ key) => headings.get(key) || "";
      order.sort((a, b) => Number(!a) - Number(!b) || of(a).localeCompare(of(b)));
    }
    items = [];
    for (const key of order) {
      const group = groups.get(key) || [];
      items.push({ heading: headings.get(key) || "", count: group.length });
      for (const row of group) items.push(row);
    }
    const current = items.findIndex((item) => Array.isArray(item) && item[0] === chat);
    active = current < 0 ? Math.min(1, items.length - 1) : current;
    const limited = count < all.length;
    if (!state.q) {
      const none = "No conversation fits these filters.";
      say(count || !limited ? (limited ? `${figure(count)} of ${chats(all.length)}` : chats(count)) : none);
    }
    redraw();
  }

  /** @param {string} text */
  function say(text) {
    const parts = lacking.length ? ` Missing: ${lacking.join(", ")}.` : "";
    status.textContent = text + parts;
  }

  /** The height of a row, which the style sheet says. */
  function height() {
    const style = getComputedStyle(page);
    return parseFloat(style.fontSize) * parseFloat(style.getPropertyValue("--row"));
  }

  function redraw() {
    for (const node of drawn.values()) node.remove();
    drawn.clear();
    box.style.height = items.length * height() + "px";
    draw();
  }

  /** Put the rows in sight into the page and take the others out. */
  function draw() {
    if (state.q) return;
    const row = height();
    const first = Math.max(0, Math.floor(scroll.scrollTop / row) - 8);
    const last = Math.min(items.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / row) + 8);
    for (const [place, node] of drawn) {
      if ((place >= first && place < last) || place === active) continue;
      node.remove();
      drawn.delete(place);
    }
    /** @type {Node | null} */
    let next = (active >= last && drawn.get(active)) || null;
    const wanted = active >= 0 && active < first ? [active] : [];
    for (let place = last - 1; place >= first; place--) next = add(place, row, next);
    for (const place of wanted) add(place, row, next);
    if (active >= last) add(active, row, null);
    let top = Math.floor(scroll.scrollTop / row);
    while (top > 0 && !(items[top] && "heading" in /** @type {any} */ (items[top]))) top--;
    const above = /** @type {any} */ (items[top]);
    here.textContent = above?.heading || "";
    here.hidden = scroll.scrollTop < row / 2 || !above?.heading;
  }

  /** @param {number} place @param {number} row @param {Node | null} next @returns {Node | null} */
  function add(place, row, next) {
    let node = drawn.get(place);
    if (!node) {
      const item = items[place];
      if (!item) return next;
      node = Array.isArray(item) ? entry(item, place) : make("h2", {}, item.heading, " ", make("small", {}, figure(item.count)));
      node.style.top = place * row + "px";
      drawn.set(place, node);
      box.insertBefore(node, next);
    }
    return node;
  }

  /** @param {Row} row @param {number} place @returns {HTMLElement} */
  function entry(row, place) {
    const [number, , title, created, , , flags, , messages] = row;
    const when = created ? new Date(created) : null;
    const short = when && (state.by ? (state.by === "year" ? SHORT : DAY).format(when) : when.getDate());
    const full = `${title || "Untitled"}\n${when ? DAY.format(when) : "Without a date"}, ${messages === 1 ? "1 message" : `${figure(messages)} messages`}`;
    return make(
      "a",
      {
        class: flags.includes("a") ? "row archived" : "row",
        href: address(row),
        title: full,
        tabindex: place === active ? "0" : "-1",
        "aria-current": number === chat && "page",
        "data-place": String(place),
      },
      make("span", { class: "title", dir: "auto" }, title || "Untitled"),
      ...(flags.includes("s") ? [make("span", { class: "star", role: "img", "aria-label": "starred" }, "★")] : []),
      ...(short ? [make("time", { datetime: created }, String(short))] : []),
    );
  }

  /** @param {Row} row @param {string | null} [anchor] @returns {string} */
  const address = (row, anchor) =>
    root + row[1].split("/").map(encodeURIComponent).join("/") + query() + (anchor ? "#" + anchor : "");

  /** Move through the list or the results by the arrow keys. @param {KeyboardEvent} event */
  function walk(event) {
    const steps = /** @type {Record<string, number>} */ ({
      ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, Home: -Infinity, End: Infinity,
    }); // prettier-ignore
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (state.q) {
      const links = [...results.querySelectorAll("a")];
      const now = links.indexOf(/** @type {any} */ (document.activeElement));
      if (step === -1 && now === 0) return field.focus();
      return links[Math.max(0, Math.min(links.length - 1, now + step))]?.focus();
    }
    let place = Math.max(0, Math.min(items.length - 1, active + step));
    if (!Array.isArray(items[place])) place += step < 0 && place > 0 ? -1 : 1;
    if (step === -1 && place < 0) return field.focus();
    activate(place);
  }

  /** Make a row the one that has the focus. @param {number} place */
  function activate(place) {
    if (!Array.isArray(items[place])) return;
    drawn.get(active)?.setAttribute("tabindex", "-1");
    active = place;
    const row = height();
    const above = (place - 1) * row;
    const below = (place + 1) * row - scroll.clientHeight;
    if (scroll.scrollTop > above) scroll.scrollTop = above;
    else if (scroll.scrollTop < below) scroll.scrollTop = below;
    draw();
    const node = drawn.get(place);
    node?.setAttribute("tabindex", "0");
    node?.focus({ preventScroll: true });
  }
  box.addEventListener("focusin", (event) => {
    const place = Number(/** @type {HTMLElement} */ (event.target).dataset.place);
    if (place === active) return;
    drawn.get(active)?.setAttribute("tabindex", "-1");
    active = place;
    drawn.get(active)?.setAttribute("tabindex", "0");
  });

  // The filters.
  /** @param {Key} key @param {string} label @param {[string, string][]} options */
  function select(key, label, options) {
    const choice = make("select", {
      change: () => {
        state[key] = choice.value;
        changed();
      },
    });
    for (const [value, text] of options) choice.append(new Option(text, value, false, value === state[key]));
    return options.length > 1 || state[key] ? make("label", {}, make("span", {}, label), choice) : "";
  }

  /** The values of a column with their counts, the most frequent first. @param {(row: Row) => (string | null)[]} of */
  function counted(of) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const row of all) for (const value of of(row)) if (value) counts.set(value, (counts.get(value) || 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  /** @param {string} every @param {[string, number][]} counts @param {(value: string) => string} [text] @returns {[string, string][]} */
  const options = (every, counts, text = (value) => value) =>
    counts.length
      ? [["", every], ...counts.map(([value, count]) => /** @type {[string, string]} */ ([value, `${text(value)} (${figure(count)})`]))]
      : [];

  function drawFilters() {
    const present = new Set(all.flatMap((row) => [...row[6]]));
    const chips = Object.entries(FLAGS).filter(([flag]) => present.has(flag) || state.has.includes(flag));
    const grouping = Object.entries(GROUPS).filter(
      ([by]) => by === state.by || (by !== "project" && by !== "gpt") || all.some((row) => row[by === "gpt" ? 5 : 4]),
    );
    const years = counted((row) => [year(row)]).sort((a, b) => (a[0] < b[0] ? 1 : -1));
    filters.replaceChildren(
      make("div", { class: "chips", role: "group", "aria-label": "Only conversations with" },
        ...chips.map(([flag, label]) => {
          const chip = make("button", {
            type: "button", class: "chip", "aria-pressed": String(state.has.includes(flag)),
            click: () => {
              const on = state.has.includes(flag);
              state.has = on ? state.has.replace(flag, "") : state.has + flag;
              chip.setAttribute("aria-pressed", String(!on));
              changed();
            },
          }, label);
          return chip;
        })),
      select("by", "List by", grouping),
      select("year", "Year", options("All years", years, dated)),
      select("model", "Model", options("All models", counted((row) => row[7]))),
      select("project", "Project", options("All", counted((row) => [row[4]]), project)),
      select("gpt", "Custom GPT", options("All", counted((row) => [row[5]]), gpt)),
      select("role", "Search in the words of", Object.entries(ROLES)),
      make("button", { type: "button", class: "clear", click: clear }, "Clear all"),
    ); // prettier-ignore
    count();
  }

  /** Say at the closed filters how many are set. */
  function count() {
    const set = [...state.has].length + [state.year, state.model, state.project, state.gpt, state.role].filter(Boolean).length;
    summary.textContent = set ? `Filter (${set})` : "Filter";
    filters.querySelector(".clear")?.toggleAttribute("hidden", !set && !state.by);
  }

  function clear() {
    for (const key of /** @type {Key[]} */ (Object.keys(state))) if (key !== "q") state[key] = "";
    drawFilters();
    changed();
    summary.focus();
  }

  /** A filter or the query was changed: to the address with it, and show what fits. */
  function changed() {
    const address = new URL(location.href);
    address.search = query();
    history.replaceState(history.state, "", address);
    scroll.scrollTop = 0;
    count();
    refresh();
    archive.keep({});
    find();
  }

  // The search.
  let asked = 0;
  /** @type {Found | null} */
  let found = null;
  let fetching = false;

  /** @param {InputEvent} event */
  function type(event) {
    if (event.isComposing) return;
    state.q = field.value.trim();
    changed();
  }
  field.addEventListener("compositionend", () => type(/** @type {any} */ ({})));

  /** Keys in the search field: down to what was found, Escape empties it. @param {KeyboardEvent} event */
  function leave(event) {
    if (event.key === "Escape" && field.value) {
      event.preventDefault();
      event.stopPropagation();
      field.value = "";
      type(/** @type {any} */ (event));
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      if (state.q) results.querySelector("a")?.focus();
      else activate(active);
    } else if (event.key === "Enter" && !event.isComposing) {
      if (state.q) results.querySelector("a")?.click();
    }
  }

  async function find() {
    const mine = ++asked;
    nav.classList.toggle("searching", !!state.q);
    if (!state.q) {
      found = null;
      results.replaceChildren();
      archive.mark();
      return;
    }
    if (!complete) return;
    const slow = setTimeout(() => say("Searching …"), 400);
    try {
      await archive.searching();
      if (mine !== asked || !archive.search) return;
      archive.mark();
      const answer = await archive.search(state.q, {
        allows: (number) => allows(rows.get(number)),
        role: state.role || null,
      });
      if (mine !== asked || !answer) return;
      found = answer;
      const said = found.partial ? "No conversation has all the words. These have most of them." : chats(found.total);
      say(found.results.length ? said : "Nothing found. Try fewer words or other filters.");
      results.replaceChildren(...found.results.map(result).filter(Boolean));
      seen();
    } catch (error) {
      if (mine === asked) say(`The search does not work: ${/** @type {Error} */ (error).message}`);
    } finally {
      clearTimeout(slow);
    }
  }

  /** @param {Result} hit @returns {HTMLElement | ""} */
  function result(hit) {
    const row = rows.get(hit.number);
    if (!row) return "";
    const passage = make("span", { class: "passage", dir: "auto" });
    let end = 0;
    for (const [from, to] of hit.marks) {
      passage.append(hit.passage.slice(end, from), make("mark", {}, hit.passage.slice(from, to)));
      end = to;
    }
    passage.append(hit.passage.slice(end));
    const who = { u: "You", a: "ChatGPT", t: "Tool" }[hit.role];
    const facts = [row[3] && DAY.format(new Date(row[3])), who].filter(Boolean).join(" · ");
    const less = hit.lacking.length ? [make("span", { class: "lacks" }, `Without: ${hit.lacking.join(", ")}`)] : [];
    const link = make("a", { href: address(row, hit.anchor), "aria-current": row[0] === chat && "true" },
      make("span", { class: "title", dir: "auto" }, row[2] || "Untitled"),
      passage, make("span", { class: "facts" }, facts), ...less); // prettier-ignore
    return make("li", {}, link);
  }

  /** The list was scrolled: draw, or bring more results. */
  async function seen() {
    if (!state.q) return draw();
    here.hidden = true;
    while (found && !fetching && scroll.scrollTop + scroll.clientHeight * 2 > scroll.scrollHeight) {
      fetching = true;
      const of = found;
      const next = await of.more();
      fetching = false;
      if (found !== of) return;
      if (!next?.length) return void (found = null);
      results.append(...next.map(result).filter(Boolean));
    }
  }

  // The place goes along: in the tab, and in the address of a link within the archive.
  for (const kind of ["click", "auxclick", "contextmenu"]) document.addEventListener(kind, follow, true);
  /** @param {Event} event */
  function follow(event) {
    const link = /** @type {Element} */ (event.target).closest?.("a");
    if (!link || link.getAttribute("href")?.startsWith("#") || !link.href.startsWith(home.href)) return;
    const to = new URL(link.href);
    if (!to.pathname.endsWith(".html")) return;
    const { ctrlKey, metaKey, shiftKey } = /** @type {MouseEvent} */ (event);
    if (event.type === "click" && to.pathname === location.pathname && !(ctrlKey || metaKey || shiftKey)) {
      event.preventDefault();
      if (nav.contains(link)) drawer(false);
      if (location.hash === to.hash) dispatchEvent(new HashChangeEvent("hashchange"));
      else location.hash = to.hash;
      return;
    }
    to.search = query(scroll.scrollTop);
    link.href = to.href;
  }
  addEventListener("pagehide", () => {
    const at = scroll.scrollTop;
    const first = Math.max(0, Math.floor(at / height()) - 8);
    archive.keep({ at, rows: state.q ? null : { first, count: items.length, items: items.slice(first, first + 60) } });
  });
  addEventListener("resize", draw);

  async function start() {
    const { place } = archive;
    const before = place.rows;
    nav.classList.toggle("searching", !!state.q);
    if (before && !state.q) {
      // What was in sight on the page before, until the list is there.
      items = Array.from({ length: before.count });
      before.items.forEach((/** @type {any} */ item, /** @type {number} */ number) => (items[before.first + number] = item || undefined));
      box.style.height = items.length * height() + "px";
      scroll.scrollTop = place.at || 0;
      draw();
    }
    try {
      archive.index = /** @type {Index} */ (await load("data/index.js", "index"));
    } catch (error) {
      return say(`The list cannot be shown. ${/** @type {Error} */ (error).message}`);
    }
    field.placeholder = `Search ${chats(archive.index.chats)}`;
    const lists = archive.index.lists.map((name) =>
      load(`data/list-${name}.js`, `list-${name}`).catch(() => {
        lacking.push(`data/list-${name}.js`);
        return [];
      }),
    );
    for (const list of lists) {
      for (const row of await list) {
        all.push(row);
        rows.set(row[0], row);
      }
    }
    complete = true;
    drawFilters();
    refresh();
    if (state.q) await find();
    scroll.scrollTop = place.at || 0;
    if (!state.q && !place.at && chat) {
      const middle = active * height() - scroll.clientHeight / 2;
      if (middle > 0) scroll.scrollTop = middle;
    }
    seen();
  }
  start();
}
