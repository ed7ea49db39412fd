// Keep the ticks of START-HERE.html in the browser, for this folder alone.
"use strict";
for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[data-box]"))) {
	const key = "start " + location.pathname + " " + box.dataset.box;
	try {
		const kept = localStorage.getItem(key);
		if (kept !== null) box.checked = kept === "1";
		box.addEventListener("change", () => localStorage.setItem(key, box.checked ? "1" : "0"));
	} catch {
		// A browser that keeps nothing: the boxes can be ticked until the page is closed.
	}
}
