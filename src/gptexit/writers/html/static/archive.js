// @ts-check
"use strict";
// What the scripts of a page share: data files, and the state that goes along from page to page.
// Works from a disk: data comes as script files that call archive.piece(name, value).

/**
 * A conversation: number, path, title, created, project, gpt, flags, models, messages.
 * @typedef {[number, string, string, string | null, string | null, string | null, string, string[], number]} Row
 * @typedef {{title: string, chats: number, lists: string[], projects: Record<string, string>,
 *   gpts: Record<string, string>, words: any}} Index
 * @typedef {{number: number, anchor: string, role: string, passage: string,
 *   marks: [number, number][], lacking: string[]}} Result
 * @typedef {{results: Result[], total: number, partial: boolean, lacking: string[],
 *   more: () => Promise<Result[]> | null}} Found
 * @typedef {{allows: (number: number) => boolean, role: string | null}} Asked
 * @typedef {"q" | "by" | "year" | "project" | "gpt" | "model" | "has" | "role"} Key
 * @typedef {Object} Archive
 * @property {(name: string, value: any) => void} piece take what a data file brings
 * @property {(file: string, name: string) => Promise<any>} load run a data file of the archive
 * @property {string} root the way to the archive's folder
 * @property {Index | null} index
 * @property {Map<number, Row>} rows every conversation by its number
 * @property {Record<Key, string>} state query, grouping and filters
 * @property {{at?: number, rows?: any, query?: string}} place the place in the list, as it was left
 * @property {(at?: number) => string} query the state as the query of an address
 * @property {(place: any) => void} keep keep the place for this tab
 * @property {() => Promise<void>} searching load search.js
 * @property {(query: string, asked: Asked) => Promise<Found | null>} [search] of search.js
 * @property {(query: string, text: string) => [number, number][]} [places] of search.js
 * @property {() => void} find put the cursor into the search field
 * @property {() => boolean} back close what is open in the list; false if nothing was
 * @property {() => void} help open the list of keys
 * @property {() => void} mark mark the words of the query in the page
 */

/**
 * Make an element. An attribute that is a function listens to the event of that name; one that is
 * false, null or "" is left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | null | ((event: any) => void)>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
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
    const known = running.get(file);
    if (known) return known;
    /** @type {Promise<void>} */
    const promise = new Promise((resolve, reject) => {
      const script = make("script", {
        load: () => resolve(),
        error: () => reject(new Error(`The file ${file} is missing.`)),
      });
      script.src = root + file;
      document.head.append(script);
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
  const state = { q: "", by: "", year: "", project: "", gpt: "", model: "", has: "", role: "" };
  const keys = /** @type {Key[]} */ (Object.keys(state));
  const given = new URLSearchParams(location.search);
  const slot = "gptexit " + new URL(root || ".", location.href).pathname;
  /** @type {any} */
  let kept = {};
  try {
    kept = JSON.parse(sessionStorage.getItem(slot) || "{}");
  } catch {
    // This browser keeps nothing: the address tells enough.
  }
  // The address comes first; without a word there, a link from within the archive led here.
  const told = keys.some((key) => given.has(key)) ? given : new URLSearchParams(kept.query);
  for (const key of keys) state[key] = told.get(key) || "";

  /** @param {number} [at] @returns {string} */
  function query(at) {
    const parts = new URLSearchParams();
    for (const key of keys) if (state[key]) parts.set(key, state[key]);
    if (at) parts.set("at", String(Math.round(at)));
    return parts.size ? "?" + parts : "";
  }

  /** @param {any} place */
  function keep(place) {
    try {
      sessionStorage.setItem(slot, JSON.stringify({ ...place, query: query() }));
    } catch {
      // As above.
    }
  }

  return {
    root,
    index: null,
    rows: new Map(),
    state,
    place: (kept.query || "") === query() ? kept : { at: Number(given.get("at")) || 0 },
    query,
    keep,
    load,
    piece: (name, value) => void arrived.set(name, value),
    searching: () => run("static/search.js"),
    find() {},
    back: () => false,
    help() {},
    mark() {},
  };
})();
