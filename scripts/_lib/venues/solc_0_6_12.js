// Standard JSON in, standard JSON out, with the solc 0.6.12 of node_modules; imports come from the folder that is named.
// Loaded through the newest solc's wrapper: of the old package only the compiler itself is used.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const modules = path.resolve(__dirname, "../../../node_modules");
const solc = require(path.join(modules, "solc/wrapper"))(require(path.join(modules, "solc-0.6.12/soljson.js")));
// Emscripten installs handlers that print the whole compiler's source with a stack trace.
process.removeAllListeners("uncaughtException");
process.removeAllListeners("unhandledRejection");

const root = process.argv[2];
const found = (name) => {
  const file = path.join(root, name);
  return fs.existsSync(file) ? { contents: fs.readFileSync(file, "utf8") } : { error: `no ${name} in ${root}` };
};
process.stdout.write(solc.compile(fs.readFileSync(0, "utf8"), { import: found }));
