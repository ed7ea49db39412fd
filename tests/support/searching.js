// Runs the scripts of the search as a page would, for tests: `node searching.js FOLDER`.
// The folder is an archive with data/rows.json in place of its lists. Questions come as lines of
// JSON, answers go out as lines:
// ["search", query, role, allowed numbers or null, whether to ask for more]
// ["at once", query, query, …]   searches that overtake each other
// ["places", query, text]
// ["loaded"]                     the files that were loaded since this was last asked
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const vm = require("node:vm");

const folder = process.argv[2];
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const pieces = new Map();
const loaded = [];
const archive = {
  index: null,
  rows: new Map(JSON.parse(read("data/rows.json")).map((row) => [row[0], row])),
  piece: (name, value) => pieces.set(name, value),
  load: async (file, name) => {
    loaded.push(file);
    vm.runInThisContext(read(file), { filename: file });
    return pieces.get(name);
  },
};
globalThis.archive = archive;

(async () => {
  archive.index = await archive.load("data/index.js", "index");
  for (const filename of ["words.js", "search.js"]) {
    vm.runInThisContext(read(`static/${filename}`), { filename });
  }
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [kind, ...given] = JSON.parse(line);
    let answer;
    if (kind === "places") {
      answer = archive.places(...given);
    } else if (kind === "loaded") {
      answer = loaded.splice(0);
    } else if (kind === "at once") {
      const asked = { allows: () => true, role: null };
      answer = await Promise.all(given.map((query) => archive.search(query, asked)));
    } else {
      const [query, role, allowed, all] = given;
      const allows = (number) => !allowed || allowed.includes(number);
      answer = await archive.search(query, { allows, role });
      while (all) {
        const next = await answer.more();
        if (!next.length) break;
        answer.results.push(...next);
      }
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
})();
