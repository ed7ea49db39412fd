// Runs static/search.js as a page would, for tests: `node search.js FOLDER`.
// The folder is an archive with data/rows.json in place of its lists. Queries come as lines of
// JSON, [query, role, allowed numbers or null, whether to ask for more], answers go out as lines.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const vm = require("node:vm");

const folder = process.argv[2];
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const pieces = new Map();
const archive = {
  index: null,
  rows: new Map(JSON.parse(read("data/rows.json")).map((row) => [row[0], row])),
  piece: (name, value) => pieces.set(name, value),
  load: async (file, name) => {
    vm.runInThisContext(read(file), { filename: file });
    return pieces.get(name);
  },
};
globalThis.archive = archive;

(async () => {
  archive.index = await archive.load("data/index.js", "index");
  vm.runInThisContext(read("static/search.js"), { filename: "search.js" });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [kind, ...given] = JSON.parse(line);
    let answer;
    if (kind === "places") {
      answer = archive.places(...given);
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
