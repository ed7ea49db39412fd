// @ts-check
"use strict";
// A conversation as it is read: versions of messages, links to messages, pictures, code, keys.
const said = make("p.said", { role: "status" });
/** @type {Element | null} the message that a search led to, until its first mark is found */
let sought = null;
document.body.append(said);

// Versions. The messages form a tree by data-parent, of which one path is shown.
/** @type {HTMLElement[]} */
const articles = findAll("article:not(.hidden)", main);
/** @type {HTMLElement[]} what ChatGPT hid, which is no part of the tree */
const hidden = findAll("article.hidden", main);
/** @param {HTMLElement} article */
const above = (article) => document.getElementById(article.dataset.parent || "");
/** @param {HTMLElement} article */
const over = (article) => above(article)?.id || "";
/** The messages below a message, by its id. */
const below = Map.groupBy(articles, over);
/** @type {Map<string, HTMLElement>} the one of them that is shown */
const chosen = new Map();
for (const [id, siblings] of below) {
	siblings.sort((a, b) => parseInt(a.dataset.version || "") - parseInt(b.dataset.version || ""));
	chosen.set(id, /** @type {HTMLElement} */ (siblings.find((article) => article.parentNode === main) || siblings.at(-1)));
	if (siblings.length > 1) siblings.forEach((article, place) => addPager(article, siblings, place));
}
for (const details of findAll(":scope > .versions", main)) details.replaceWith(...findAll("article", details));
show();

/**
 * Make the arrows that lead to the thing before and to the next one.
 * @param {string} thing
 * @param {(step: number) => void} go
 * @param {(step: number) => boolean} [ends] whether there is none
 */
function arrows(thing, go, ends = () => false) {
	/** @param {number} step @param {string} name @param {string} sign */
	const arrow = (step, name, sign) =>
		button(sign, () => go(step), { "aria-label": `${name} ${thing}`, "aria-disabled": ends(step) && "true" });
	return [arrow(-1, "Previous", "‹"), arrow(1, "Next", "›")];
}

/**
 * Put the arrows into a message.
 * @param {HTMLElement} article
 * @param {HTMLElement[]} siblings
 * @param {number} place
 */
function addPager(article, siblings, place) {
	const version = `version (${place + 1} of ${siblings.length})`;
	const [back, on] = arrows(version, (step) => turn(article, step), (step) => !siblings[place + step]);
	article.querySelector(".by")?.append(make("span.pager", {}, back, `${place + 1}/${siblings.length}`, on));
}

/** Show the path of the chosen messages. */
function show() {
	const path = new Set();
	for (let next = chosen.get(""); next && !path.has(next); next = chosen.get(next.id)) path.add(next);
	for (const article of articles) article.hidden = !path.has(article);
	for (const article of hidden) article.hidden = !!above(article) && !path.has(above(article));
}

/** Show what ChatGPT hid, or no longer. */
function unhide() {
	const on = main.classList.toggle("unhidden");
	unhider.textContent = `${on ? "Hide" : "Show"} hidden messages (${hidden.length})`;
	mark();
}
const unhider = button("", unhide);
if (hidden.length) main.querySelector(".head")?.append(unhider);

/** Show another version of a message, where this one stands. @param {HTMLElement} article @param {number} step */
function turn(article, step) {
	const siblings = below.get(over(article)) || [];
	const other = siblings[siblings.indexOf(article) + step];
	if (!other) return;
	const top = article.getBoundingClientRect().top;
	const inPager = document.activeElement?.closest(".pager");
	chosen.set(over(article), other);
	show();
	give(other);
	if (inPager) findAll(".pager button", other)[step < 0 ? 0 : 1].focus({ preventScroll: true });
	scrollBy(0, other.getBoundingClientRect().top - top);
	said.textContent = `Version ${siblings.indexOf(other) + 1} of ${siblings.length}`;
	history.replaceState(null, "", "#" + other.id);
	mark();
}

/** Lead to what the address names: open its branch and its folds. */
function follow() {
	/** @type {HTMLElement | null} */
	const target = document.getElementById(location.hash.slice(1));
	if (!target || target === main || !main.contains(target)) return;
	if (target.closest(".hidden") && !main.classList.contains("unhidden")) unhide();
	for (let article = target.closest("article"); article && chosen.get(over(article)); ) {
		if (!article.matches(".hidden")) chosen.set(over(article), article);
		article = above(article);
	}
	show();
	unfold(target);
	const article = arrive(target);
	sought = target === article ? article : null;
	mark();
}

/** Open the folds around an element. @param {Element | null} element */
function unfold(element) {
	for (let fold = element?.closest("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
}

/** Scroll to an element, and give its message the focus. @param {Element} target */
function arrive(target) {
	const article = target.closest("article");
	if (article) give(article);
	settle(() => target.scrollIntoView());
	return article;
}

/** Scroll, and again when what is above has its height. @param {() => void} scroll */
function settle(scroll) {
	scroll();
	requestAnimationFrame(() => requestAnimationFrame(scroll));
}

/** Give a message the focus. @param {HTMLElement} article */
function give(article) {
	article.tabIndex = -1;
	article.focus({ preventScroll: true });
}

// Code: a button that copies it.
for (const code of findAll(".code", main)) {
	const copy = button("Copy", async () => {
		const text = code.querySelector("pre").textContent;
		const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
		copy.textContent = said.textContent = done ? "Copied" : "Not copied";
		setTimeout(() => (copy.textContent = "Copy"), 1500);
	}, { class: "copy" }); // prettier-ignore
	code.prepend(copy);
}

// What is wider than the page can be scrolled by the keyboard.
const wide = new IntersectionObserver((entries) => {
	for (const { target, isIntersecting } of entries) {
		if (isIntersecting && target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
	}
});
for (const element of findAll("pre, .table, math[display=block]", main)) wide.observe(element);

// Pictures, larger on a click.
/** @type {HTMLAnchorElement[]} */
let pictures = [];
let place = 0;
const image = make("img", { alt: "" });
const caption = make("p.caption");
const steps = arrows("picture", (step) => look(place + step));
const buttons = make("p.buttons", {}, ...steps, button("Close", () => viewer.close(), { autofocus: "true" }));
const viewer = make("dialog", { class: "viewer", "aria-label": "Picture", keydown: leaf, click: away }, image, caption, buttons);
main.addEventListener("click", (event) => {
	const link = /** @type {Element} */ (event.target).closest("figure.picture a");
	if (!link || event.shiftKey || held(event)) return;
	event.preventDefault();
	pictures = findAll("article:not([hidden]) figure.picture a", main);
	document.body.append(viewer);
	look(pictures.indexOf(/** @type {HTMLAnchorElement} */ (link)));
	viewer.showModal();
	history.pushState({ picture: true }, "");
});
viewer.addEventListener("close", () => {
	if (history.state?.picture) history.back();
	pictures[place]?.focus();
});
addEventListener("popstate", () => viewer.close());

// What the browser cannot draw is named instead; the name leads to the file, as the picture did.
/** @param {any} event */
const unseen = ({ target }) => {
	if (target.naturalWidth !== 0) return;
	target.replaceWith("Your browser cannot show " + decodeURIComponent(target.src.split("/").pop()));
};
main.addEventListener("error", unseen, true);
for (const target of findAll("img", main)) if (target.complete) unseen({ target });

/** Show a picture of the page. @param {number} number */
function look(number) {
	const link = pictures[number];
	if (!link) return;
	place = number;
	image.src = link.href;
	image.alt = link.querySelector("img")?.alt || "";
	const words = link.parentElement?.querySelector("figcaption")?.textContent || "";
	caption.textContent = words + (pictures.length > 1 ? ` (${number + 1} of ${pictures.length})` : "");
	for (const step of steps) step.hidden = pictures.length < 2;
}

/** Turn to another picture. @param {KeyboardEvent} event */
function leaf(event) {
	if (event.key === "ArrowRight") look(place + 1);
	if (event.key === "ArrowLeft") look(place - 1);
}

/** A click beside what a dialog holds closes it. @param {MouseEvent} event */
function away(event) {
	if (event.target === event.currentTarget) /** @type {HTMLDialogElement} */ (event.currentTarget).close();
}

// The words of the query, marked without a change to the page, and the way from one to the next.
let marking = 0;
/** @type {StaticRange[]} */
let marks = [];
let at = -1;
const tally = make("span", { role: "status" });
const [back, on] = arrows("match", (step) => lead(at + step));
const hits = make("p.hits", {}, back, tally, on);
for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"]) addEventListener(kind, () => (sought = null));
function mark() {
	const mine = ++marking;
	CSS.highlights?.clear();
	hits.remove();
	if (!state.q || !archive.places || !CSS.highlights) return;
	const found = new Highlight();
	CSS.highlights.set("found", found);
	const shown = articles.filter((article) => !article.hidden);
	const first = shown.findIndex((article) => "#" + article.id === location.hash);
	const order = first > 0 ? [shown[first], ...shown] : shown;
	/** @type {Map<HTMLElement, StaticRange[]>} */
	const marked = new Map();
	let next = 0;
	const some = () => {
		const until = performance.now() + 10;
		while (mine === marking && next < order.length && performance.now() < until) {
			const article = order[next++];
			if (!marked.has(article)) marked.set(article, marksIn(article, found));
		}
		if (mine !== marking) return;
		if (next < order.length) return void setTimeout(some);
		marks = shown.flatMap((article) => marked.get(article) || []);
		at = -1;
		tally.textContent = `${marks.length} in this page`;
		if (marks.length) document.body.append(hits);
		const place = marks.findIndex((mark) => sought?.contains(mark.startContainer));
		if (place >= 0) lead(place);
	};
	some();
}

/** Scroll to a mark; behind the last one comes the first. @param {number} place */
function lead(place) {
	at = place < 0 ? marks.length - 1 : place % marks.length;
	const mark = marks[at];
	tally.textContent = `${at + 1} of ${marks.length}`;
	CSS.highlights.set("here", new Highlight(mark));
	const element = mark.startContainer.parentElement;
	unfold(element);
	const range = new Range();
	range.setStart(mark.startContainer, mark.startOffset);
	element?.closest("article")?.scrollIntoView();
	settle(() => scrollBy(0, range.getBoundingClientRect().top - innerHeight / 3));
}

/** Mark the words of a message. @param {HTMLElement} article @param {Highlight} found */
function marksIn(article, found) {
	const ranges = [];
	const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
	for (let text = texts.nextNode(); text; text = texts.nextNode()) {
		if (text.parentElement?.closest(".by, .copy")) continue;
		for (const [from, to] of archive.places?.(state.q, text.nodeValue || "") || []) {
			const range = new StaticRange({ startContainer: text, startOffset: from, endContainer: text, endOffset: to });
			found.add(range);
			ranges.push(range);
		}
	}
	return ranges;
}

// Keys.
const KEYS = {
	"/": "Search",
	"j k": "Next message, previous message",
	"← →": "Versions of the message that has the focus; pictures",
	"↑ ↓": "Through the list or the results",
	Esc: "Close, or empty the search",
	"?": "This help",
};
const single = make("input", {
	type: "checkbox",
	change: () => stored("localStorage", "gptexit-keys", single.checked ? null : "off"),
});
single.checked = stored("localStorage", "gptexit-keys") !== "off";
const help = make("dialog", { class: "help", "aria-labelledby": "keys", click: away },
	make("div", {},
		make("h2", { id: "keys" }, "Keys"),
		make("dl", {}, ...Object.entries(KEYS).map(([keys, does]) => make("div", {},
			make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "])),
			make("dd", {}, does)))),
		make("label", {}, single, " Use the keys / j k ?"),
		make("p", {}, "To print a conversation or to save it as a PDF, print this page. It prints the versions that you see."),
		button("Close", () => help.close()))); // prettier-ignore
function showKeys() {
	document.body.append(help);
	help.showModal();
}

addEventListener("keydown", (event) => {
	const target = /** @type {HTMLElement} */ (event.target);
	if (held(event) || document.querySelector("dialog[open]")) return;
	if (event.key === "Escape") {
		if (closeDrawer()) event.preventDefault();
		return;
	}
	if (target.matches("input:not([type=checkbox]), select, textarea, audio, video")) return;
	const article = /** @type {HTMLElement | null} */ (target.closest("article"));
	if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
		if (!article || !(target === article || target.closest(".pager"))) return;
		turn(article, event.key === "ArrowLeft" ? -1 : 1);
	} else if (!single.checked) return;
	else if (event.key === "/") startSearch();
	else if (event.key === "?") showKeys();
	else if (event.key === "j") step(1);
	else if (event.key === "k") step(-1);
	else return;
	event.preventDefault();
});

/** Go to the next or the previous message. @param {number} way */
function step(way) {
	const shown = findAll("article", main).filter((article) => article.checkVisibility());
	const now = /** @type {HTMLElement | null} */ (document.activeElement?.closest("article"));
	let number = now ? shown.indexOf(now) + way : shown.findIndex((article) => article.getBoundingClientRect().bottom > 80);
	number = Math.max(0, Math.min(shown.length - 1, number));
	if (shown[number]) arrive(shown[number]);
}

main.classList.add("unhidden");
unhide();
addEventListener("hashchange", follow);
follow();
