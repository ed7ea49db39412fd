// @ts-check
"use strict";
// The list of conversations with its filters, and the results of the search, in <nav class="home">.
const page = document.documentElement;
const nav = /** @type {HTMLElement} */ (document.querySelector("nav.home"));
const home = /** @type {HTMLAnchorElement} */ (nav.querySelector("a"));
const chat = Number(document.body.dataset.chat);

const SET = /** @type {Key[]} */ ([...COLUMNS, "by", "has", "role"]);
const clear = button("Clear", () => {
	for (const key of SET) state[key] = "";
	state.q = field.value = "";
	drawFilters();
	changed();
	summary.focus();
});

// What stands in the bar and below it.
const field = make("input", {
	type: "search", placeholder: "Search", "aria-label": "Search all conversations",
	autocomplete: "off", spellcheck: "false", value: state.q, input: type, compositionend: type, keydown: leave,
}); // prettier-ignore
const told = make("p.status", { role: "status" });
const filters = make("div.filters");
const summary = make("summary", {}, "Filter");
const here = make("p.here", { "aria-hidden": "true" });
const box = make("div.rows", { focusin: (event) => choose(Number(event.target.dataset.place)) });
const results = make("ol.results");
const pane = make("div.scroll", { scroll: seen, keydown: walk }, here, box, results);
const menu = button("Conversations", () => drawer(), { class: "menu", "aria-controls": "panel" });
const theme = button("Dark", dim, { class: "theme" });
home.className = "name";
nav.ariaLabel = "Conversations";
nav.replaceChildren(
	make("div.bar", {}, menu, home, theme, button("Keys", showKeys, { class: "keys" })),
	make("div.panel", { id: "panel" },
		make("div.find", { role: "search" }, field, make("kbd", { "aria-hidden": "true" }, "/")),
		make("div.tools", {}, told, clear, make("details.filter", {}, summary, filters)),
		pane),
); // prettier-ignore

/** Open or close the list on a narrow screen. @param {boolean} [open] */
function drawer(open = !nav.classList.contains("open")) {
	nav.classList.toggle("open", open);
	menu.ariaExpanded = String(open);
	main.inert = open;
	history.replaceState({ ...history.state, drawer: open }, "");
	draw();
}
function startSearch() {
	if (menu.offsetParent) drawer(true);
	field.focus();
	field.select();
}
/** Close the drawer; false if it was closed. */
function closeDrawer() {
	const open = main.inert;
	drawer(false);
	if (open) menu.focus();
	return open;
}
const narrow = matchMedia("(max-width: 860px)");
narrow.addEventListener("change", () => drawer(false));

// Light and dark: what differs from the system is kept.
const system = matchMedia("(prefers-color-scheme: dark)");
const dark = () => (page.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
function dim() {
	const theme = dark() !== system.matches ? "" : dark() ? "light" : "dark";
	page.dataset.theme = theme;
	stored("localStorage", "gptexit-theme", theme || null);
	lit();
}
const lit = () => (theme.textContent = dark() ? "Light" : "Dark");
system.addEventListener("change", lit);
lit();

// The switch that hides titles, in the look back; while they are hidden, one is in the bar too.
const hiders = [button("", hide), ...findAll(".hide-titles", main)];
theme.before(hiders[0]);
hiders[1]?.addEventListener("click", hide);
function hide() {
	state.hide = state.hide ? "" : "1";
	showHidden();
	drawFilters();
	changed();
}
function showHidden() {
	page.toggleAttribute("data-hide", !!state.hide);
	for (const hider of hiders) hider.textContent = state.hide ? "Show titles" : "Hide titles";
	hiders[0].hidden = !state.hide;
	if (hiders[1]) hiders[1].hidden = false;
}
showHidden();

// The list: headings and conversations, each of the same height; only what is in sight is drawn.
/** @type {Row[]} */
const all = [];
/** @type {(Row | string)[]} */
let items = [];
/** @type {Map<number, HTMLElement>} */
const drawn = new Map();
/** The row that the keyboard comes to. */
let active = -1;
let complete = false;
/** @type {string[]} */
const missing = [];
// Who comes back from what they found, finds the list as it was.
drawer(narrow.matches && !!history.state?.drawer);

/** @param {Row | undefined} row @returns {boolean} whether the filters let it through */
const allows = (row) =>
	!!row &&
	COLUMNS.every((column) => !state[column] || VALUES[column](row).includes(state[column])) &&
	[...state.has].every((flag) => row[6].includes(flag));

/** Work out the list anew from the filters. */
function refresh() {
	const by = COLUMNS.find((column) => column === state.by);
	const fitting = all.filter(allows);
	const groups = Map.groupBy(fitting, (row) => (by ? VALUES[by](row)[0] : row[3]?.slice(0, 7)) || "");
	/** @param {string} key */
	const heading = (key) => {
		if (by) return key ? named(by, key) : `No ${LABELS[by]}`;
		return key ? MONTH.format(new Date(key + "-01T00:00")) : UNDATED;
	};
	const headed = [...groups].map(([key, group]) => /** @type {const} */ ([key, heading(key), group]));
	if (by && by !== "year") headed.sort((a, b) => +!a[0] - +!b[0] || a[1].localeCompare(b[1]));
	items = headed.flatMap(([, name, group]) => [`${name} · ${figure(group.length)}`, ...group]);
	active = items.findIndex((item) => item[0] === chat);
	if (active < 0) active = items.length ? 1 : -1;
	const some = fitting.length < all.length ? figure(fitting.length) + " of " : "";
	if (!state.q) say(some === "0 of " ? "No conversation fits these filters." : some + many(all.length));
	box.replaceChildren();
	drawn.clear();
	box.style.height = items.length * height() + "px";
	draw();
}

/** @param {string} text */
function say(text) {
	told.textContent = missing.length ? `${text} Missing: ${missing.join(", ")}.` : text;
}

/** The height of a row, which the style sheet says. */
function height() {
	const style = getComputedStyle(page);
	return parseFloat(style.fontSize) * parseFloat(style.getPropertyValue("--row"));
}

/** Put the rows in sight into the page, in their order, and take the others out. */
function draw() {
	if (state.q || !items.length) return void (here.textContent = "");
	const row = height();
	const top = Math.floor(pane.scrollTop / row);
	const end = Math.min(items.length, top + Math.ceil(pane.clientHeight / row) + 8);
	const places = new Set([active]);
	for (let place = Math.max(0, top - 8); place < end; place++) places.add(place);
	for (const [place, node] of drawn) {
		if (places.has(place)) continue;
		node.remove();
		drawn.delete(place);
	}
	/** @type {HTMLElement | null} */
	let next = null;
	for (const place of [...places].sort((a, b) => b - a)) {
		let node = drawn.get(place);
		if (!node) {
			const item = items[place];
			node = typeof item === "string" ? make("h2", {}, item) : entry(item, place);
			node.style.top = place * row + "px";
			drawn.set(place, node);
			box.insertBefore(node, next);
		}
		next = node;
	}
	let above = top;
	while (above > 0 && typeof items[above] !== "string") above--;
	here.textContent = pane.scrollTop > row / 2 ? String(items[above]) : "";
}

/** @param {Row} row @param {number} place @returns {HTMLElement} */
function entry(row, place) {
	const [number, , title, created, , , flags, , messages] = row;
	const day = created ? DAY.format(new Date(created)) : UNDATED;
	const marks = Object.entries(FLAGS).flatMap(([flag, name]) => (flags.includes(flag) ? [name] : []));
	const link = make(
		"a.row",
		{
			href: address(row),
			title: state.hide ? null : [title || "Untitled", day, many(messages, "message"), ...marks].join("\n"),
			tabindex: place === active ? "0" : "-1",
			"aria-current": number === chat && "page",
			"data-place": String(place),
		},
		make("span.title", { dir: "auto" }, title || "Untitled"),
	);
	if (flags.includes("a")) link.classList.add("archived");
	if (flags.includes("s")) link.append(make("span.star", { role: "img", "aria-label": "starred" }, "★"));
	if (created) link.append(make("time", { datetime: created }, state.by ? day : day.replace(/ \d+$/, "")));
	return link;
}

/** @param {Row} row @param {string | null} [anchor] @returns {string} */
const address = (row, anchor) =>
	root + row[1].split("/").map(encodeURIComponent).join("/") + query() + (anchor ? "#" + anchor : "");

/** Move through the list or the results by the keyboard. @param {KeyboardEvent} event */
function walk(event) {
	const step = /** @type {Record<string, number>} */ ({
		ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, Home: -1e9, End: 1e9,
	})[event.key]; // prettier-ignore
	if (!step || held(event)) return;
	event.preventDefault();
	const links = findAll("a", results);
	const length = state.q ? links.length : items.length;
	const now = state.q ? links.findIndex((link) => link === document.activeElement) : active;
	let place = Math.max(0, Math.min(length - 1, now + step));
	if (!state.q && typeof items[place] === "string") place += step > 0 || !place ? 1 : -1;
	if (step === -1 && place >= now) field.focus();
	else if (state.q) links[place]?.focus();
	else go(place);
}

/** Give a row the focus. @param {number} place */
function go(place) {
	const row = height();
	choose(place);
	pane.scrollTop = Math.min((place - 1) * row, Math.max(pane.scrollTop, (place + 1) * row - pane.clientHeight));
	draw();
	drawn.get(place)?.focus({ preventScroll: true });
}

/** Make a row the one that the keyboard comes to. @param {number} place */
function choose(place) {
	drawn.get(active)?.setAttribute("tabindex", "-1");
	drawn.get((active = place))?.setAttribute("tabindex", "0");
}

// The filters.
/** @param {Key} key @param {string} label @param {[string, string][]} options */
function select(key, label, options) {
	if (options.length < 2) return "";
	const choice = make("select", { change: () => set(key, choice.value) });
	for (const [value, text] of options) choice.append(new Option(text, value, false, value === state[key]));
	return make("label", {}, label, choice);
}

/** The values of a column, with their counts. @param {Column} column @returns {[string, string][]} */
function options(column) {
	/** @type {Map<string, number>} */
	const counts = new Map();
	for (const value of all.flatMap(VALUES[column])) if (value) counts.set(value, (counts.get(value) || 0) + 1);
	const order = [...counts];
	if (column !== "year") order.sort((a, b) => b[1] - a[1]);
	/** @param {[string, number]} counted @returns {[string, string]} */
	const option = ([value, count]) => [value, `${named(column, value)} (${figure(count)})`];
	return [["", "All"], ...order.map(option)];
}

/** @param {string} flag @param {string} label */
function chip(flag, label) {
	const toggle = () => {
		set("has", state.has.includes(flag) ? state.has.replace(flag, "") : state.has + flag);
		press();
	};
	const press = () => (chip.ariaPressed = String(state.has.includes(flag)));
	const chip = button(label, toggle, { class: "chip" });
	press();
	return all.some((row) => row[6].includes(flag)) ? chip : "";
}

function drawFilters() {
	const choices = COLUMNS.map((column) => select(column, LABELS[column], options(column)));
	const by = COLUMNS.filter((_, place) => choices[place]);
	filters.replaceChildren(
		make("div.chips", { role: "group", "aria-label": "Only conversations with" },
			...Object.entries(FLAGS).map(([flag, label]) => chip(flag, label))),
		select("by", "List by", [["", "Month"], ...by.map((column) => /** @type {[string, string]} */ ([column, LABELS[column]]))]),
		...choices,
		select("role", "Search the words of", [["", "Everyone"], ["u", "You"], ["a", "ChatGPT"]]),
	); // prettier-ignore
	countSet();
}

/** Say at the closed filters how many are set. */
function countSet() {
	const count = SET.filter((key) => state[key]).length;
	summary.textContent = count ? `Filter (${count})` : "Filter";
	clear.hidden = !count && !state.q;
}

/** @param {Key} key @param {string} value */
function set(key, value) {
	state[key] = value;
	changed();
}

/** A filter or the query was changed: take it into the address, and show what fits. */
function changed() {
	const address = new URL(location.href);
	address.search = query();
	history.replaceState(history.state, "", address);
	keep(0);
	pane.scrollTop = 0;
	countSet();
	refresh();
	findAnew();
}

// The search.
let asked = 0;
/** @type {Found | null} */
let found = null;
let fetching = false;

/** @param {InputEvent} event */
function type(event) {
	if (!event.isComposing && field.value.trim() !== state.q) set("q", field.value.trim());
}

/** Keys in the search field: down to what was found, Escape empties it. @param {KeyboardEvent} event */
function leave(event) {
	if (event.key === "ArrowDown" || (event.key === "Enter" && !event.isComposing && state.q)) {
		const first = results.querySelector("a");
		if (event.key === "Enter") first?.click();
		else if (state.q) first?.focus();
		else go(active);
	} else if (event.key === "Escape" && field.value) {
		field.value = "";
		set("q", "");
	} else return;
	event.preventDefault();
	event.stopPropagation();
}

async function findAnew() {
	const mine = ++asked;
	found = null;
	box.hidden = !!state.q;
	if (!state.q) mark();
	if (!state.q || !complete) return results.replaceChildren();
	const slow = setTimeout(() => say("Searching …"), 400);
	try {
		await Promise.all([run("static/words.js"), run("static/search.js")]);
		if (mine !== asked || !archive.search) return;
		mark();
		const answer = await archive.search(state.q, {
			allows: (number) => allows(rows.get(number)),
			role: state.role || null,
		});
		if (mine !== asked || !answer) return;
		found = answer;
		if (!answer.results.length) say("Nothing found. Try fewer words or other filters.");
		else if (answer.partial) say("No conversation has all the words. These have most of them.");
		else say(`${figure(answer.total)} of ${many(all.length)}`);
		results.replaceChildren(...answer.results.map(result));
		results.dataset.query = state.q;
		await seen();
	} catch (error) {
		if (mine === asked) say(`The search does not work. ${/** @type {Error} */ (error).message}`);
	} finally {
		clearTimeout(slow);
	}
}

/** @param {Result} hit @returns {HTMLElement | ""} */
function result(hit) {
	const row = rows.get(hit.number);
	if (!row) return "";
	/** @param {"span.title" | "span.passage"} kind @param {string} text @param {[number, number][]} marks */
	const marked = (kind, text, marks) => {
		const line = make(kind, { dir: "auto" });
		let end = 0;
		for (const [from, to] of marks) {
			line.append(text.slice(end, from), make("mark", {}, text.slice(from, to)));
			end = to;
		}
		line.append(text.slice(end));
		return line;
	};
	const who = hit.role && { u: "You", a: "ChatGPT", t: "Tool" }[hit.role];
	const lacks = hit.lacking.length && `without ${hit.lacking.join(", ")}`;
	const facts = [row[3] && DAY.format(new Date(row[3])), who, lacks].filter(Boolean).join(" · ");
	const attributes = { href: address(row, hit.anchor), "aria-current": row[0] === chat && "page" };
	const title = row[2] || "Untitled";
	return make("li", {}, make("a", attributes,
		marked("span.title", title, archive.places?.(state.q, title) || []),
		marked("span.passage", hit.passage, hit.marks),
		make("span.facts", {}, facts))); // prettier-ignore
}

/** Draw what was scrolled to; bring more results before the end of them is seen. */
async function seen() {
	draw();
	while (found && !fetching && pane.scrollTop + pane.clientHeight * 2 > pane.scrollHeight) {
		fetching = true;
		const of = found;
		const next = await of.more();
		fetching = false;
		if (found !== of) return;
		if (next.length) results.append(...next.map(result));
		else found = null;
	}
}

addEventListener("pagehide", () => keep(pane.scrollTop));
addEventListener("resize", draw);

/** Load the list, and come back to the place where it was left. */
async function start() {
	box.hidden = !!state.q;
	try {
		const index = (archive.index = /** @type {Index} */ (await archive.load("data/index.js", "index")));
		field.placeholder = `Search ${many(index.chats)}`;
		const lists = index.lists.map((name) => {
			const file = `data/list-${name}.js`;
			return archive.load(file, `list-${name}`).catch(() => void missing.push(file));
		});
		for (const list of lists) {
			for (const row of /** @type {Row[]} */ ((await list) || [])) {
				all.push(row);
				rows.set(row[0], row);
			}
		}
	} catch (error) {
		return say(`The list cannot be shown. ${/** @type {Error} */ (error).message}`);
	}
	complete = true;
	drawFilters();
	refresh();
	await findAnew();
	for (let before = -1; before < pane.scrollTop && pane.scrollTop < scrolled; ) {
		before = pane.scrollTop;
		pane.scrollTop = scrolled;
		await seen();
	}
	const middle = active - pane.clientHeight / height() / 2;
	if (!state.q && !scrolled && middle > 6) pane.scrollTop = Math.floor(middle) * height();
	draw();
}
start();
