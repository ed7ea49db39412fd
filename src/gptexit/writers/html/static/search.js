// The search of the archive: finds words, and the passages that have them.
// archive.js adds this script and words.js when the search is first used. writers/html/words.py makes
// the index.
"use strict";

const LONGEST = 24; // characters of a word in the index
const BLOCK = 1024; // conversations of a block of the index
const LEVELS = 8; // how much a conversation is about a word; the highest: it is in the title
const SHOWN = 20; // results at a time
const JUDGED = 200; // conversations whose texts are looked at for one answer, at most
const PIECES = 64; // pieces that the beginning of a word may need; of more, only the word counts
const WIDTH = 160; // characters of a passage

// ---- the index ----------------------------------------------------------------------------

/**
 * Keep what was loaded, and forget what was asked for the longest time ago.
 * @template K, V
 * @param {number} limit size of all that is kept
 * @param {(key: K) => Promise<V>} load
 * @param {(value: V) => number} sized
 */
const keeping = (limit, load, sized) => {
	/** @type {Map<K, Promise<V>>} what was asked for since `older` was kept */
	let newer = new Map();
	let older = new Map();
	let size = 0;
	return async (/** @type {K} */ key) => {
		const known = newer.get(key);
		const promise = known ?? older.get(key) ?? load(key);
		newer.set(key, promise);
		try {
			const value = await promise;
			if (!known && (size += sized(value)) > limit / 2) [older, newer, size] = [newer, new Map(), 0];
			return value;
		} catch (error) {
			newer.delete(key);
			throw error;
		}
	};
};

const pieceOf = keeping(
	16e6,
	async (/** @type {string} */ name) => " " + (await archive.load(`data/words/${name}.js`, `words-${name}`)),
	(piece) => piece.length,
);

/** A place for each conversation, by its number. */
const byNumber = () => {
	let last = 0;
	for (const number of archive.rows.keys()) last = Math.max(last, number);
	return new Uint8Array(last + 1);
};

/** A number of two digits at a place of a piece. */
const pair = (/** @type {string} */ piece, /** @type {number} */ at) => {
	const high = piece.charCodeAt(at);
	const low = piece.charCodeAt(at + 1);
	return (high - (high > 92 ? 36 : 35)) * 91 + low - (low > 92 ? 36 : 35);
};

/**
 * Find how much each conversation is about a word, or about all words that begin so: 1 and more
 * by its number, 0 for those that do not have it.
 * @param {string} word
 * @param {boolean} begins
 */
const levelsOf = async (word, begins) => {
	const names = /** @type {string[]} */ (archive.index?.words.pieces ?? []);
	const key = Array.from(new TextEncoder().encode(word), (byte) => byte.toString(16).padStart(2, "0")).join("");
	const next = names.findIndex((name) => name > key);
	const first = (next < 0 ? names.length : next) - 1;
	let end = first + 1;
	while (names[end]?.startsWith(key)) end++;
	if (end - first > PIECES) begins = false;
	const wanted = begins ? names.slice(Math.max(first, 0), end) : names.slice(Math.max(first, 0), first + 1);
	const levels = byNumber();
	for (const piece of await Promise.all(wanted.map(pieceOf))) {
		const sought = " " + word + (begins ? "" : "!");
		for (let at = piece.indexOf(sought); at >= 0; at = begins ? piece.indexOf(sought, at + 1) : -1) {
			const found = piece.indexOf(" ", at + 1);
			const last = found < 0 ? piece.length : found;
			let block = 0;
			at = piece.indexOf("!", at);
			while (at < last) {
				if (piece[at] === "!") {
					block = pair(piece, at + 1) * BLOCK;
					at += 3;
				} else {
					const entry = pair(piece, at);
					const number = block + Math.floor(entry / LEVELS);
					levels[number] = Math.max(levels[number], (entry % LEVELS) + 1);
					at += 2;
				}
			}
			at = last - 1;
		}
	}
	return levels;
};

/**
 * The words of the index that a term needs; of a phrase, all of them.
 * @param {Term} term
 */
const needed = ({ words, begins }) =>
	words.split(" ").flatMap((word, at, { length }) => {
		const letters = [...word];
		if (!unspaced(word)) return [levelsOf(letters.slice(0, LONGEST).join(""), begins && at === length - 1)];
		if (letters.length === 1) return [levelsOf(word, true)];
		return letters.slice(1).map((letter, before) => levelsOf(letters[before] + letter, false));
	});

/**
 * Count the terms that each conversation has, and rate it by them (as BM25 does: a rare word tells
 * more than a common one).
 * @param {Term[]} terms
 */
const rated = async (terms) => {
	const all = await Promise.all(terms.map((term) => Promise.all(needed(term))));
	const chats = archive.rows.size;
	const counts = byNumber();
	const scores = new Float32Array(counts.length);
	for (const [levels, ...others] of all) {
		for (const other of others) for (let i = 0; i < levels.length; i++) if (other[i] < levels[i]) levels[i] = other[i];
		const having = levels.reduce((sum, level) => sum + Number(level > 0), 0);
		const rarity = Math.log(1 + (chats - having + 0.5) / (having + 0.5));
		for (let number = 0; number < levels.length; number++) {
			const level = levels[number];
			if (!level) continue;
			counts[number]++;
			scores[number] += rarity * (level === LEVELS ? 4 : 0.3 + level / 4);
		}
	}
	return { counts, scores };
};

// ---- texts --------------------------------------------------------------------------------

/** @typedef {{anchor: string | null, role: string | null, text: string, words?: string}} Message */

/** The messages of a conversation; null if its file cannot be read. */
const messagesOf = keeping(
	40e6,
	async (/** @type {number} */ number) => {
		try {
			const { t } = await archive.load(`data/texts/${number}.js`, `text-${number}`);
			const raw = atob(t);
			const packed = new Uint8Array(raw.length);
			for (let at = 0; at < raw.length; at++) packed[at] = raw.charCodeAt(at);
			const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
			/** @type {[string, string, string][]} */
			const texts = await new Response(stream).json();
			return texts.map(([anchor, role, text]) => /** @type {Message} */ ({ anchor, role, text }));
		} catch {
			return null;
		}
	},
	// Each text stands there once as it is and once as words, in up to two bytes a character.
	(messages) => (messages ?? []).reduce((sum, { text }) => sum + 3 * text.length, 0),
);

const wordsOf = (/** @type {Message} */ message) => (message.words ??= plain(message.text));

/**
 * Find the message of a conversation that has most of the terms; null where no message counts.
 * @param {number} number
 * @param {Term[]} wanted
 * @param {Term[]} unwanted
 * @param {string | null | undefined} role
 * @param {boolean} strict whether each term must be somewhere in the conversation
 * @returns {Promise<Result | null>}
 */
const judged = async (number, wanted, unwanted, role, strict) => {
	const title = plain(archive.rows.get(number)?.[2] ?? "");
	if (unwanted.some(isIn(title))) return null;
	const messages = await messagesOf(number);
	if (!messages) return { number, anchor: null, role: null, passage: "", marks: [], lacking: [] };
	const titled = new Set(role ? [] : wanted.filter(isIn(title)));
	/** @type {Message} */
	let best = { anchor: null, role: null, text: messages[0]?.text ?? "" };
	let lacking = titled.size ? wanted.filter((term) => !titled.has(term)) : null;
	let most = 0;
	for (const message of messages) {
		if (role && message.role !== role) continue;
		const text = wordsOf(message);
		const own = wanted.filter(isIn(text));
		if (!own.length || unwanted.some(isIn(text))) continue;
		const lacks = wanted.filter((term) => !titled.has(term) && !own.includes(term));
		if (!lacking || lacks.length < lacking.length || (lacks.length === lacking.length && own.length > most)) {
			[best, lacking, most] = [message, lacks, own.length];
		}
	}
	if (!lacking) return null;
	const nowhere = (/** @type {Term} */ term) => !isIn(title)(term) && !messages.some((/** @type {Message} */ message) => isIn(wordsOf(message))(term));
	if (strict && lacking.some(nowhere)) return null;
	return { number, anchor: best.anchor, role: best.role, ...cut(best.text, wanted), lacking: lacking.map((term) => term.typed) };
};

// ---- passages -----------------------------------------------------------------------------

/** Markdown without its signs and the addresses of its links, in one line. */
const unsigned = (/** @type {string} */ text) =>
	text
		.replace(/!?\[([^\]\n]{0,500})\]\([^()\s]{0,2000}\)/g, "$1")
		.replace(/^ {0,3}(?:#{1,6}|>) +|^ *(?:[-*+] |`{3,}.*$)|^\|?[-:| ]{3,}$/gm, " ")
		.replace(/\*\*|__|~~|`+|\|/g, "")
		.replace(/(^|[\s(])[*_](?=\S)|(\S)[*_](?=[\s.,;:!?)]|$)/g, "$1$2")
		.replace(/\s+/g, " ")
		.trim();

/**
 * Of a long text, the part with most of the terms.
 * @param {string} text
 * @param {Term[]} terms
 */
const partOf = (text, terms) => {
	let [best, most] = [text, 0];
	if (text.length < 20000) return text;
	for (let at = 0; at < text.length; at += 7000) {
		const part = text.slice(at, at + 8000);
		const having = terms.filter(isIn(plain(part))).length;
		if (having > most) [best, most] = [part, having];
	}
	return best;
};

/**
 * Cut the passage with most of the terms out of a text.
 * @param {string} whole
 * @param {Term[]} terms
 * @returns {{passage: string, marks: [number, number][]}}
 */
const cut = (whole, terms) => {
	const part = partOf(whole, terms);
	let text = unsigned(part);
	let found = placesIn(terms, text);
	if (!found.length && part) {
		// What was found is an address, or a sign stood within it.
		const raw = part.replace(/\s+/g, " ");
		const there = placesIn(terms, raw);
		if (there.length) [text, found] = [raw, there];
	}
	const room = WIDTH - WIDTH / 4;
	let [from, most] = [0, 0];
	found.forEach(({ begin }, first) => {
		const near = new Set();
		for (let at = first; at < found.length && found[at].begin < begin + room; at++) {
			if (found[at].end <= begin + room) near.add(found[at].term);
		}
		if (near.size > most) [from, most] = [begin, near.size];
	});
	from = from <= WIDTH / 4 ? 0 : from - WIDTH / 4;
	if (from) from += Math.max(0, text.slice(from, from + WIDTH / 5).indexOf(" ") + 1);
	let to = Math.min(text.length, from + WIDTH);
	const gap = text.lastIndexOf(" ", to);
	if (to < text.length && gap > to - WIDTH / 5) to = gap;
	if (/[\udc00-\udfff]/.test(text[from] ?? "")) from--;
	if (/[\udc00-\udfff]/.test(text[to] ?? "")) to--;
	const before = from ? "…" : "";
	const marks = marked(found.filter(({ begin, end }) => begin >= from && end <= to));
	const shift = before.length - from;
	return {
		passage: before + text.slice(from, to) + (to < text.length ? "…" : ""),
		marks: marks.map(([begin, end]) => [begin + shift, end + shift]),
	};
};

// ---- the search ---------------------------------------------------------------------------

let asking = 0;

archive.search = async (query, { allows, role }) => {
	const mine = ++asking;
	const terms = parse(query);
	const wanted = terms.filter((term) => !term.without);
	const unwanted = terms.filter((term) => term.without);
	const { counts, scores } = await rated(wanted);
	if (mine !== asking) return null;
	// Of alike ones, the newest comes first, as in the list.
	const better = (/** @type {number} */ one, /** @type {number} */ other) => scores[other] - scores[one];
	const numbers = [...archive.rows.keys()].filter((number) => counts[number] && allows(number));
	const having = (/** @type {number} */ count) => numbers.filter((number) => counts[number] === count).sort(better);

	// First the conversations that have all terms; if there is none, those with fewer and fewer.
	let count = wanted.length;
	let strict = true;
	let queue = having(count);
	let total = queue.length;
	let any = false;

	/** @returns {Promise<Result[]>} */
	const more = async () => {
		/** @type {Result[]} */
		const results = [];
		for (let looked = 0; results.length < SHOWN && count > 0; ) {
			if (!queue.length) {
				if (any) break;
				if (!strict) count--;
				strict = false;
				queue = having(count);
				total = queue.length;
				continue;
			}
			if (any && looked >= JUDGED) break;
			const next = queue.splice(0, SHOWN - results.length);
			looked += next.length;
			const judgements = await Promise.all(next.map((number) => judged(number, wanted, unwanted, role, strict)));
			if (mine !== asking) return [];
			const kept = judgements.filter((result) => result !== null);
			total -= judgements.length - kept.length;
			results.push(...kept);
			any ||= kept.length > 0;
		}
		return results.sort((one, other) => one.lacking.length - other.lacking.length);
	};

	const results = await more();
	if (mine !== asking) return null;
	const lacking = results.length ? results.map((result) => result.lacking).reduce((all, some) => all.filter((word) => some.includes(word))) : [];
	return { results, total: any ? total : 0, partial: any && !strict, lacking, more };
};
