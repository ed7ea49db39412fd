// @ts-check
"use strict";
// Runs before the first paint: says that scripts are on, and sets the theme that the reader chose.
{
	const { dataset } = document.documentElement;
	dataset.scripts = "";
	try {
		const theme = localStorage.getItem("gptexit-theme");
		if (theme) dataset.theme = theme;
	} catch {
		// A browser that keeps nothing: the system's theme is taken.
	}
}
