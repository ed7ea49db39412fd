// @ts-check
"use strict";
// Runs before the first paint: says that scripts are on, sets the theme that the reader chose, and
// hides the titles if the address says so.
{
	const { dataset } = document.documentElement;
	dataset.scripts = "";
	if (/[?&]hide=/.test(location.search)) dataset.hide = "";
	try {
		// Firefox keeps a store for each file on a disk, so links of the archive take the theme along.
		const address = new URL(location.href);
		const told = address.searchParams.get("theme");
		if (told !== null) {
			localStorage.setItem("gptexit-theme", (dataset.theme = told));
			address.searchParams.delete("theme");
			history.replaceState(null, "", address);
		}
		const theme = localStorage.getItem("gptexit-theme");
		if (theme) dataset.theme = theme;
	} catch {
		// A browser that keeps nothing: the system's theme is taken.
	}
}
