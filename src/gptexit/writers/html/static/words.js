// Words as the search has them: of a text, of a query, and where the terms of a query are in a text.
// writers/html/words.py cuts words by the same rule.
"use strict";

const TYPED = 2000; // characters of a query
const TERMS = 32; // terms of a query

// ---- words --------------------------------------------------------------------------------

/** Marks that are letters, as vowels of Indic scripts; every other one is an accent. */
const REMOVED =
	/(?![\u0900-\u1aaf\u1b00-\u1cff\ua800-\uabff\u{11000}-\u{11fff}])\p{M}|\p{Cf}/gu;
/** Scripts that are written without spaces: Thai, Lao, Burmese, Khmer, Kana, Han. */
const LETTERS =
	"[\\u0e00-\\u0eff\\u1000-\\u109f\\ua9e0-\\ua9ff\\uaa60-\\uaa7f\\u1780-\\u17ff" +
	"\\u3005-\\u3007\\u3040-\\u30ff\\u31f0-\\u31ff\\u{1b000}-\\u{1b16f}" +
	"\\u2e80-\\u2fdf\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}]";
const UNSPACED = new RegExp(LETTERS + "+", "gu");
const BEGINNING = new RegExp("^" + LETTERS, "u");
const unspaced = (/** @type {string} */ text) => BEGINNING.test(text);

/** @type {Map<string, string>} */
const folded = new Map();

/**
 * Fold characters that are not ASCII, each by itself.
 * @param {string} run
 */
const bare = (run) => {
	let words = folded.get(run);
	if (words === undefined) {
		words = run
			.normalize("NFKD")
			.toLowerCase()
			.normalize("NFKD")
			.replace(/ς/g, "σ")
			.replace(/ß/g, "ss")
			.replace(REMOVED, "")
			.replace(/[^\p{L}\p{N}\p{M}]/gu, " ");
		if (folded.size > 50000) folded.clear();
		folded.set(run, words);
	}
	return words;
};

/**
 * A text as its words with a space between them. A run of a script without spaces is a word.
 * @param {string} text
 */
const plain = (text) =>
	text
		.replace(/[^\0-\x7f]+/g, (run) => bare(run).replace(UNSPACED, " $& "))
		.toLowerCase()
		.replace(/[\0-\x2f\x3a-\x60\x7b-\x7f]+/g, " ")
		.trim();

// ---- queries ------------------------------------------------------------------------------

/**
 * @typedef {object} Term
 * @property {string} typed
 * @property {string} words folded, with spaces between them
 * @property {boolean} begins whether the last word is only the beginning of one
 * @property {boolean} without
 */

/**
 * Words, "phrases", beginnings* and -without. The last word is a beginning while it is typed.
 * @param {string} query
 * @returns {Term[]}
 */
const parse = (query) => {
	const text = query.slice(0, TYPED).replace(/[“”„«»]/g, '"');
	const terms = [];
	for (const match of text.matchAll(/(-?)"([^"]*)("?)|(\S+)/g)) {
		const [all, minus, phrase, closed, word] = match;
		const typed = word ?? phrase;
		const without = minus === "-" || (word !== undefined && /^-./.test(word));
		const words = plain(typed);
		const typing = match.index + all.length === text.length && !closed && !without;
		const begins =
			((typing || typed.endsWith("*")) && /[^\s\p{P}\p{S}]\*?$/u.test(typed)) ||
			// Particles hang on Korean words.
			(word !== undefined && /^[\u1100-\u11ff]+$/.test(words));
		if (words) terms.push({ typed: word ?? `"${phrase}"`, words, begins, without });
	}
	return terms.slice(0, TERMS);
};

/**
 * Where a term is in a text of words: begins and ends.
 * @param {Term} term
 * @param {string} text
 * @param {boolean} [first] only the first place
 */
const places = ({ words, begins }, text, first) => {
	const found = [];
	const free = unspaced(words);
	const open = begins || unspaced([...words].at(-1) ?? "");
	for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
		const end = at + words.length;
		if ((free || !at || text[at - 1] === " ") && (open || end === text.length || text[end] === " ")) {
			found.push([at, end]);
			if (first) break;
		}
	}
	return found;
};

/** @param {string} text of words @returns {(term: Term) => boolean} */
const isIn = (text) => (term) => places(term, text, true).length > 0;

// ---- in a text as it is --------------------------------------------------------------------

/** @typedef {{begin: number, end: number, term: Term}} Place */

/**
 * Find where terms are in a text as it is.
 * @param {Term[]} terms
 * @param {string} text
 */
const placesIn = (terms, text) => {
	if (!terms.some(isIn(plain(text)))) return [];
	let words = "";
	let last = ""; // kind of the last character: "" between words, "a" or "字"
	/** @type {number[]} */
	const begins = []; // where each character of `words` begins in `text`, and ends
	/** @type {number[]} */
	const ends = [];
	let at = 0;
	const add = (/** @type {string} */ folded, /** @type {number} */ end) => {
		words += folded;
		for (let i = 0; i < folded.length; i++) [begins[words.length - 1 - i], ends[words.length - 1 - i]] = [at, end];
	};
	for (const character of text) {
		const end = at + character.length;
		const kept = character > "\x7f" ? bare(character) : /[a-z0-9]/i.test(character) ? character.toLowerCase() : " ";
		if (!kept && last) ends[words.length - 1] = end;
		for (const letter of kept) {
			const kind = letter === " " ? "" : letter > "\x7f" && unspaced(letter) ? "字" : "a";
			if (kind && words && kind !== last) add(" ", at);
			if (kind) add(letter, end);
			last = kind;
		}
		at = end;
	}
	return terms
		.flatMap((term) => places(term, words).map(([from, to]) => ({ begin: begins[from], end: ends[to - 1], term })))
		.sort((one, other) => one.begin - other.begin || one.end - other.end);
};

/**
 * Marks for places: none inside of another.
 * @param {Place[]} found
 * @returns {[number, number][]}
 */
const marked = (found) => {
	/** @type {[number, number][]} */
	const marks = [];
	for (const { begin, end } of found) {
		const last = marks.at(-1);
		if (last && begin < last[1]) last[1] = Math.max(last[1], end);
		else marks.push([begin, end]);
	}
	return marks;
};

archive.places = (query, text) => marked(placesIn(parse(query).filter((term) => !term.without), text));
