// The search of the archive: finds words, and the passages that have them.
// archive.js adds this script when the search is first used. writers/html/words.py makes the index
// and cuts words by the same rule.
(() => {
	"use strict";

	const LONGEST = 24; // characters of a word in the index
	const BLOCK = 1024; // conversations of a block of the index
	const LEVELS = 8; // how much a conversation is about a word; the highest: it is in the title
	const SHOWN = 20; // results at a time
	const JUDGED = 200; // conversations whose texts are looked at for one answer, at most
	const PIECES = 64; // pieces that the beginning of a word may need; of more, only the word counts
	const WIDTH = 160; // characters of a passage
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

	// ---- the index ----------------------------------------------------------------------------

	/**
	 * Keep what was loaded, and forget what was asked for the longest time ago.
	 * @template K, V
	 * @param {number} limit size of all that is kept
	 * @param {(key: K) => Promise<V>} load
	 * @param {(value: V) => number} sized
	 */
	const keeping = (limit, load, sized) => {
		/** @type {Map<K, {value: Promise<V>, size: number}>} */
		const kept = new Map();
		let total = 0;
		/** @param {K} key */
		const forget = (key) => {
			total -= kept.get(key)?.size ?? 0;
			kept.delete(key);
		};
		return async (/** @type {K} */ key) => {
			const entry = kept.get(key) ?? { value: load(key), size: 0 };
			kept.delete(key);
			kept.set(key, entry);
			try {
				const value = await entry.value;
				if (!entry.size && kept.get(key) === entry) {
					entry.size = sized(value) + 1;
					total += entry.size;
					for (const old of kept.keys()) {
						if (total <= limit || old === key) break;
						forget(old);
					}
				}
				return value;
			} catch (error) {
				kept.delete(key);
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
	 * @typedef {{number: number, anchor: string | null, role: string | null, passage: string,
	 *   marks: [number, number][], lacking: string[]}} Result
	 */

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
		const has = (/** @type {string} */ text) => (/** @type {Term} */ term) => places(term, text, true).length > 0;
		if (unwanted.some(has(title))) return null;
		const messages = await messagesOf(number);
		if (!messages) return { number, anchor: null, role: null, passage: "", marks: [], lacking: [] };
		const titled = new Set(role ? [] : wanted.filter(has(title)));
		/** @type {Message} */
		let best = { anchor: null, role: null, text: messages[0]?.text ?? "" };
		let lacking = titled.size ? wanted.filter((term) => !titled.has(term)) : null;
		let most = 0;
		for (const message of messages) {
			if (role && message.role !== role) continue;
			const text = wordsOf(message);
			const own = wanted.filter(has(text));
			if (!own.length || unwanted.some(has(text))) continue;
			const lacks = wanted.filter((term) => !titled.has(term) && !own.includes(term));
			if (!lacking || lacks.length < lacking.length || (lacks.length === lacking.length && own.length > most)) {
				[best, lacking, most] = [message, lacks, own.length];
			}
		}
		if (!lacking) return null;
		const nowhere = (/** @type {Term} */ term) => !has(title)(term) && !messages.some((message) => has(wordsOf(message))(term));
		if (strict && lacking.some(nowhere)) return null;
		return { number, anchor: best.anchor, role: best.role, ...cut(best.text, wanted), lacking: lacking.map((term) => term.typed) };
	};

	// ---- passages -----------------------------------------------------------------------------

	/** @typedef {{begin: number, end: number, term: Term}} Place */

	/**
	 * Find where terms are in a text as it is.
	 * @param {Term[]} terms
	 * @param {string} text
	 */
	const placesIn = (terms, text) => {
		const quick = plain(text);
		if (!terms.some((term) => places(term, quick, true).length)) return [];
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
			const words = plain(part);
			const having = terms.filter((term) => places(term, words, true).length).length;
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

	archive.places = (query, text) => marked(placesIn(parse(query).filter((term) => !term.without), text));

	// ---- the search ---------------------------------------------------------------------------

	let asked = 0;

	archive.search = async (query, { allows, role }) => {
		const mine = ++asked;
		const terms = parse(query);
		const wanted = terms.filter((term) => !term.without);
		const unwanted = terms.filter((term) => term.without);
		const { counts, scores } = await rated(wanted);
		if (mine !== asked) return null;
		const dates = (/** @type {number} */ number) => archive.rows.get(number)?.[3] ?? "";
		const better = (/** @type {number} */ one, /** @type {number} */ other) =>
			scores[other] - scores[one] || (dates(other) > dates(one) ? 1 : dates(other) < dates(one) ? -1 : other - one);
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
				if (mine !== asked) return [];
				const kept = judgements.filter((result) => result !== null);
				total -= judgements.length - kept.length;
				results.push(...kept);
				any ||= kept.length > 0;
			}
			return results.sort((one, other) => one.lacking.length - other.lacking.length);
		};

		const results = await more();
		if (mine !== asked) return null;
		const lacking = results.length ? results.map((result) => result.lacking).reduce((all, some) => all.filter((word) => some.includes(word))) : [];
		return { results, total: any ? total : 0, partial: any && !strict, lacking, more };
	};
})();
