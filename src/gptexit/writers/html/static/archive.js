// @ts-check
"use strict";
// What the scripts of a page share: data files, and the state that goes along from page to page.
// They have one scope, so each name on the left margin is there once.
// Works from a disk: data comes as script files that call archive.piece(name, value).

/**
 * A conversation: number, path, title, created, project, gpt, flags, models, messages.
 * @typedef {[number, string, string, string | null, string | null, string | null, string, string[], number]} Row
 * @typedef {{title: string, chats: number, lists: string[], projects: Record<string, string>,
 *   gpts: Record<string, string>, words: any}} Index
 * @typedef {{number: number, anchor: string | null, role: string | null, passage: string,
 *   marks: [number, number][], lacking: string[]}} Result
 * @typedef {{results: Result[], total: number, partial: boolean, lacking: string[],
 *   more: () => Promise<Result[]>}} Found
 * @typedef {{allows: (number: number) => boolean, role: string | null}} Asked
 * @typedef {"q" | "by" | "year" | "project" | "gpt" | "model" | "has" | "role" | "hide"} Key
 * @typedef {Object} Archive
 * @property {(name: string, value: any) => void} piece take what a data file brings
 * @property {(file: string, name: string) => Promise<any>} load run a data file, and give the piece
 *   `name` that it brings; nothing is kept of it
 * @property {Index | null} index
 * @property {Map<number, Row>} rows every conversation by its number
 * @property {(query: string, asked: Asked) => Promise<Found | null>} [search] of search.js
 * @property {(query: string, text: string) => [number, number][]} [places] of words.js
 */

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {`${K}` | `${K}.${string}`} tag with a class behind a dot
 * @param {Record<string, string | boolean | null | ((event: any) => void)>} [attributes] a function
 *   listens to the event of that name; what is false, null or "" is left out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function make(tag, attributes = {}, ...children) {
	const [name, ...classes] = tag.split(".");
	const element = document.createElement(/** @type {K} */ (name));
	if (classes.length) element.className = classes.join(" ");
	for (const [key, value] of Object.entries(attributes)) {
		if (typeof value === "function") element.addEventListener(key, value);
		else if (value) element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...children);
	return element;
}

/**
 * Make a button.
 * @param {string} words
 * @param {() => void} click
 * @param {Record<string, string | boolean | null>} [attributes]
 */
const button = (words, click, attributes) => make("button", { type: "button", click, ...attributes }, words);

/**
 * Find the elements of a page.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {any[]}
 */
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Whether a key is held that makes another thing of a click or a key. @param {any} event */
const held = (event) => event.ctrlKey || event.metaKey || event.altKey;

/**
 * Read from the browser's store, or write into it; a browser that keeps nothing gives null.
 * @param {"localStorage" | "sessionStorage"} store
 * @param {string} key
 * @param {string | null} [value] null to forget
 * @returns {string | null}
 */
function stored(store, key, value) {
	try {
		if (value) window[store].setItem(key, value);
		else if (value === null) window[store].removeItem(key);
		return window[store].getItem(key);
	} catch {
		return null;
	}
}

const root = document.documentElement.dataset.root || "";
/** @type {Map<number, Row>} every conversation by its number */
const rows = new Map();
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

// Data files. Each calls archive.piece.
/** @type {Map<string, Promise<void>>} */
const running = new Map();
/** @type {Map<string, any>} */
const arrived = new Map();

/**
 * Add a script file of the archive to the page, once.
 * @param {string} file
 * @returns {Promise<void>}
 */
function run(file) {
	const promise =
		running.get(file) ||
		new Promise((resolve, reject) => {
			const error = () => reject(new Error(`The file ${file} is missing.`));
			document.head.append(make("script", { src: root + file, load: () => resolve(), error }));
		});
	running.set(file, promise);
	return promise;
}

/** @type {Archive} */
const archive = {
	index: null,
	rows,
	piece: (name, value) => void arrived.set(name, value),
	async load(file, name) {
		await run(file).finally(() => running.delete(file));
		if (!arrived.has(name)) throw new Error(`The file ${file} is damaged.`);
		// Whoever else waits for this file takes its piece in this turn too.
		setTimeout(() => arrived.delete(name));
		return arrived.get(name);
	},
};

// The state: query, grouping and filters, and whether titles are hidden.
const keys = /** @type {Key[]} */ ("q by year project gpt model has role hide".split(" "));
const slot = "gptexit " + new URL(root || ".", location.href).pathname;
const given = new URLSearchParams(location.search);
const kept = new URLSearchParams(stored("sessionStorage", slot) || "");
// The address comes first; without a word there, a link from within the archive led here.
const source = keys.some((key) => given.has(key)) ? given : kept;
const state = /** @type {Record<Key, string>} */ (Object.fromEntries(keys.map((key) => [key, source.get(key) || ""])));
const same = keys.every((key) => (kept.get(key) || "") === state[key]);
/** How far the list was scrolled. */
const scrolled = Number((same ? kept : given).get("at"));

/** The state as the query of an address. @param {number} [at] @returns {string} */
function query(at) {
	const parts = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
	if (at) parts.set("at", String(Math.round(at)));
	return parts.size ? "?" + parts : "";
}

/** Keep the state and the place in the list for this tab. @param {number} at */
const keep = (at) => stored("sessionStorage", slot, query(at) || null);

// A link within the archive takes the state along.
for (const kind of ["click", "auxclick", "contextmenu"]) document.addEventListener(kind, takeAlong, true);
/** @param {Event} event */
function takeAlong(event) {
	const link = /** @type {Element} */ (event.target).closest("a");
	if (!link?.href.startsWith(new URL("./", home.href).href) || link.hash === link.getAttribute("href")) return;
	const to = new URL(link.href);
	if (!to.pathname.endsWith(".html")) return;
	to.search = query(pane.scrollTop);
	const { theme } = page.dataset;
	if (theme !== undefined) to.searchParams.set("theme", theme);
	link.href = to.href;
	const { shiftKey } = /** @type {MouseEvent} */ (event);
	if (event.type !== "click" || to.pathname !== location.pathname || shiftKey || held(event)) return;
	event.preventDefault();
	drawer(false);
	if (location.hash === to.hash) dispatchEvent(new Event("hashchange"));
	else location.hash = to.hash;
}

// What is told of a conversation in the list.
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const UNDATED = "Without a date";
/** @param {number} count */
const figure = (count) => count.toLocaleString("en");
/** @param {number} count @param {string} [thing] */
const many = (count, thing = "conversation") => `${figure(count)} ${thing}${count === 1 ? "" : "s"}`;

const FLAGS = {
	p: "Pictures", f: "Files", c: "Code", s: "Starred", a: "Archived", g: "Only in an older export",
}; // prettier-ignore
/** @typedef {"year" | "model" | "project" | "gpt"} Column */
/** @type {Record<Column, (row: Row) => (string | null)[]>} */
const VALUES = {
	year: (row) => [row[3]?.slice(0, 4) || UNDATED],
	model: (row) => row[7],
	project: (row) => [row[4]],
	gpt: (row) => [row[5]],
};
const LABELS = { year: "Year", model: "Model", project: "Project", gpt: "Custom GPT" };
const COLUMNS = /** @type {Column[]} */ (Object.keys(LABELS));
/** What a reader calls a value of a column. @param {Column} column @param {string} value */
const named = (column, value) =>
	column === "year" || column === "model"
		? value
		: (!state.hide && archive.index?.[`${column}s`][value]) || `${LABELS[column]} ${value.slice(-6)}`;
