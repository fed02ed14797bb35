// The WebAssembly compiler of node_modules, and what identifies it.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const v8 = require("node:v8");

const VERSION = "0.8.37+commit.f401782d";
const ROOT = path.resolve(__dirname, "../../..");
const PACKAGE = path.join(ROOT, "node_modules", "solc");

/** An error that the user reads as one line. */
class Failure extends Error {}

/** Version of the installed package, checked against the pinned one without loading eight megabytes of WebAssembly. */
function version() {
  let found;
  try {
    found = JSON.parse(fs.readFileSync(path.join(PACKAGE, "package.json"), "utf8")).version;
  } catch {
    throw new Failure("node_modules/solc is missing: run `make install` in the repository first");
  }
  if (!VERSION.startsWith(`${found}+`)) throw new Failure(`node_modules/solc is ${found}, expected ${VERSION}: run \`make install\``);
  return VERSION;
}

/** Characters of input up to which the compiler's program is not worth optimising: its own compilation takes longer. */
const SHORT = 10_000;

/** Loads the compiler, which is about to read so many characters. */
function load(characters) {
  version();
  if (characters <= SHORT) v8.setFlagsFromString("--liftoff-only");
  const solc = require(PACKAGE);
  // Emscripten installs handlers that print the whole compiler's source with a stack trace.
  process.removeAllListeners("uncaughtException");
  process.removeAllListeners("unhandledRejection");
  if (!solc.version().startsWith(VERSION)) throw new Failure(`node_modules/solc is ${solc.version()}, expected ${VERSION}`);
  return solc;
}

/** Hash of the compiler's program and of these files: what answers depend on beside the input. */
function fingerprint() {
  version();
  const hash = crypto.createHash("sha256");
  for (const name of fs.readdirSync(__dirname).sort()) hash.update(fs.readFileSync(path.join(__dirname, name)));
  return hash.update(fs.readFileSync(path.join(PACKAGE, "soljson.js"))).digest("hex");
}

module.exports = { Failure, ROOT, VERSION, fingerprint, load, version };
