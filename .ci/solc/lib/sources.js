// Import graph of a standard JSON input: which files each file is compiled from.
//
// Imports are found without the compiler. Should one be missed, the compiler, which is then given only the files found
// here, refuses with "not found", and the caller compiles the input as it came: a wrong graph costs time, never a
// wrong answer.
"use strict";

const crypto = require("node:crypto");
const path = require("node:path");

const COMMENT_OR_STRING = /\/\/[^\n\r]*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
const IMPORT = /\bimport\b[^;"']*(["'])((?:\\[\s\S]|(?!\1)[^\\])*)\1/g;

/** Import paths as written, in order. */
function importsOf(text) {
  const bare = text.replace(COMMENT_OR_STRING, (part) => (part.startsWith("/") ? " " : part));
  return [...bare.matchAll(IMPORT)].map((match) => match[2]);
}

/** `context:prefix=target`, as solc reads it. */
function parseRemapping(text) {
  const equals = text.indexOf("=");
  const colon = text.slice(0, equals).indexOf(":");
  return { context: text.slice(0, Math.max(colon, 0)), prefix: text.slice(colon + 1, equals), target: text.slice(equals + 1) };
}

/** Source unit name of an import: relative paths first, then the remapping with the longest context and prefix. */
function resolve(importer, written, remappings) {
  const relative = written.startsWith("./") || written.startsWith("../");
  const name = relative ? path.posix.join(path.posix.dirname(importer), written) : written;
  let best = null;
  for (const mapping of remappings) {
    if (!importer.startsWith(mapping.context) || !name.startsWith(mapping.prefix)) continue;
    const better = best === null || mapping.context.length > best.context.length;
    const same = best !== null && mapping.context.length === best.context.length;
    if (better || (same && mapping.prefix.length >= best.prefix.length)) best = mapping;
  }
  return best === null ? name : best.target + name.slice(best.prefix.length);
}

/**
 * Every file of an input and every file that those import.
 *
 * @param sources the input's `sources`
 * @param remappings the input's `settings.remappings`
 * @param read answers `{contents}` or `{error}` for a source unit name
 * @returns Map from name to {content, hash, imports: [[written, name]]}, or null if a file cannot be read
 */
function graphOf(sources, remappings, read) {
  const mappings = (remappings ?? []).map(parseRemapping);
  const graph = new Map();
  const waiting = Object.keys(sources);
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (graph.has(name)) continue;
    const content = name in sources ? sources[name].content : read(name).contents;
    if (typeof content !== "string") return null;
    const imports = importsOf(content).map((written) => [written, resolve(name, written, mappings)]);
    graph.set(name, { content, hash: crypto.createHash("sha256").update(content).digest("hex"), imports });
    waiting.push(...imports.map(([, imported]) => imported));
  }
  return graph;
}

/** Names of a file and of everything that it imports, sorted. */
function closureOf(graph, name) {
  const found = new Set([name]);
  for (const member of found) for (const [, imported] of graph.get(member).imports) found.add(imported);
  return [...found].sort();
}

/** The `sources` of an input that has just these files. */
function sourcesOf(graph, names) {
  return Object.fromEntries(names.map((name) => [name, { content: graph.get(name).content }]));
}

module.exports = { closureOf, graphOf, importsOf, resolve, parseRemapping, sourcesOf };
