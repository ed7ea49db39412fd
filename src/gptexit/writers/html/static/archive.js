// @ts-check
"use strict";
// What the scripts of a page share: data files, and the state that goes along from page to page.
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
 * @property {(file: string, name: string) => Promise<any>} load run a data file of the archive
 * @property {string} root the way to the archive's folder
 * @property {Index | null} index
 * @property {Map<number, Row>} rows every conversation by its number
 * @property {Record<Key, string>} state query, grouping and filters, and whether titles are hidden
 * @property {number} at how far the list was scrolled
 * @property {(at?: number) => string} query the state as the query of an address
 * @property {(at: number) => void} keep keep the state and the place in the list for this tab
 * @property {() => Promise<void>} searching load search.js
 * @property {(query: string, asked: Asked) => Promise<Found | null>} [search] of search.js
 * @property {(query: string, text: string) => [number, number][]} [places] of search.js
 * @property {() => void} find put the cursor into the search field
 * @property {() => boolean} back close the drawer; false if it was closed
 * @property {() => void} help show the keys
 * @property {() => void} mark mark the words of the query in the page
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
 * @param {Record<string, string | null>} [attributes]
 */
const button = (words, click, attributes) => make("button", { type: "button", click, ...attributes }, words);

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

/** @type {Archive} */
const archive = (() => {
	const root = document.documentElement.dataset.root || "";
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

	/**
	 * Run a data file and give the piece `name` that it brings. Nothing is kept of it.
	 * @param {string} file
	 * @param {string} name
	 * @returns {Promise<any>}
	 */
	async function load(file, name) {
		await run(file).finally(() => running.delete(file));
		if (!arrived.has(name)) throw new Error(`The file ${file} is damaged.`);
		// Whoever else waits for this file takes its piece in this turn too.
		setTimeout(() => arrived.delete(name));
		return arrived.get(name);
	}

	/** @type {Record<Key, string>} */
	const state = { q: "", by: "", year: "", project: "", gpt: "", model: "", has: "", role: "", hide: "" };
	const keys = /** @type {Key[]} */ (Object.keys(state));
	const slot = "gptexit " + new URL(root || ".", location.href).pathname;
	const given = new URLSearchParams(location.search);
	const kept = new URLSearchParams(stored("sessionStorage", slot) || "");
	// The address comes first; without a word there, a link from within the archive led here.
	const told = keys.some((key) => given.has(key)) ? given : kept;
	for (const key of keys) state[key] = told.get(key) || "";

	/** @param {number} [at] @returns {string} */
	function query(at) {
		const parts = new URLSearchParams();
		for (const key of keys) if (state[key]) parts.set(key, state[key]);
		if (at) parts.set("at", String(Math.round(at)));
		return parts.size ? "?" + parts : "";
	}

	const same = keys.every((key) => (kept.get(key) || "") === state[key]);
	return {
		root,
		index: null,
		rows: new Map(),
		state,
		at: Number((same ? kept : given).get("at")),
		query,
		keep: (at) => void stored("sessionStorage", slot, query(at) || null),
		load,
		piece: (name, value) => void arrived.set(name, value),
		searching: () => run("static/search.js"),
		find() {},
		back: () => false,
		help() {},
		mark() {},
	};
})();
