// A process that compiles one input after another: `{id, input}` in, `{id, output}` out. Its argument is the number of
// characters that it and its siblings will read.
"use strict";

const compiler = require("./compiler");

let solc = null;

process.on("message", ({ id, input }) => {
  try {
    solc ??= compiler.load(Number(process.argv[2]));
    process.send({ id, output: solc.compile(JSON.stringify(input)) });
  } catch (error) {
    process.send({ id, failure: error.message });
  }
});
// The process that asked is gone: nobody reads an answer.
process.on("disconnect", () => process.exit(1));
