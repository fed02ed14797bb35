// Compiles a standard JSON input from what is in the store already, and puts there what was missing.
//
// Two things are kept. Analysis (syntax trees, interfaces, documentation, diagnostics) is kept for an input as a whole,
// because it numbers the syntax nodes of an input through. Code is kept for each file, under a key of the settings that
// decide bytecode and of the contents of the file and its imports. The outputs selected and the other files of an input
// are no part of that key, so Ape, forge, Slither and Halmos share the code. The identifiers in immutableReferences are
// those of the compilation that made the code.
"use strict";

const os = require("node:os");

const { fingerprint } = require("./compiler");
const { isHarness, settingsFor } = require("./harness");
const { CODE, analysisOnly, codeFor, selectsCode, understood } = require("./outputs");
const { compileAll } = require("./pool");
const { renumbered } = require("./sourcemaps");
const { closureOf, graphOf, sourcesOf } = require("./sources");
const { Store } = require("./store");

/** The compiler itself says no more than this. */
const MAXIMUM_DIAGNOSTICS = 256;
/** Enough that the processes end together; each group is analysed with everything that it imports. */
const GROUPS_PER_CORE = 4;

/**
 * The compiler's answer, or null if this input has to be compiled as it came: it selects or sets what is not understood
 * here, it has an error, or a file of it cannot be read.
 *
 * @param input the standard JSON input
 * @param read answers `{contents}` or `{error}` for a source unit name
 * @param folder of the store
 * @param progress called with the number of files compiled and the number of files to compile
 */
async function compileCached(input, read, folder, progress) {
  if (!cacheable(input)) return null;
  const graph = graphOf(input.sources, input.settings.remappings, read);
  if (graph === null) return null;

  const store = new Store(folder);
  const keys = new Keys(graph, input.settings);
  const files = [...graph.keys()].filter((file) => selectsCode(input.settings.outputSelection, file));
  const code = new Map(files.map((file) => [file, store.get(keys.ofCode(file))]));
  let analysis = store.get(keys.ofAnalysis());

  const jobs = [];
  if (analysis === null) {
    const take = (output) => store.put(keys.ofAnalysis(), (analysis = output));
    jobs.push({ input: analysisInput(input, graph), take });
  }
  const missing = files.filter((file) => code.get(file) === null);
  let finished = 0;
  const harness = missing.filter(isHarness);
  const protocol = missing.filter((file) => !isHarness(file));
  for (const group of [...grouped(graph, protocol), ...grouped(graph, harness)]) {
    const take = (output) => {
      for (const file of group) {
        code.set(file, codeOfFile(output, file));
        store.put(keys.ofCode(file), code.get(file));
      }
      progress((finished += group.length), missing.length);
    };
    jobs.push({ input: codeInput(settingsFor(group[0], input.settings), graph, group), take });
  }

  let failed = false;
  await compileAll(
    jobs.map((job) => job.input),
    (output, index) => {
      failed = hasError(output);
      if (!failed) jobs[index].take(output);
      return !failed;
    },
  );
  if (failed) return null;
  if (jobs.length > 0) store.prune();
  return assembled(analysis, code, input.settings.outputSelection);
}

/** Sources given as text, and settings under which a file's bytecode depends on its imports alone. */
function cacheable({ language, sources, settings }) {
  if (language !== "Solidity" || !sources || settings.stopAfter || settings.modelChecker) return false;
  // A metadata trailer hashes everything, remappings included.
  if (settings.metadata.appendCBOR !== false) return false;
  return Object.values(sources).every((source) => typeof source.content === "string") && understood(settings.outputSelection ?? {});
}

/** Keys of an input's entries. */
class Keys {
  #base = fingerprint();
  #graph;
  #settings;

  constructor(graph, settings) {
    this.#graph = graph;
    this.#settings = settings;
  }

  ofAnalysis() {
    const selection = analysisOnly(this.#settings.outputSelection);
    return this.#key({ ...this.#settings, outputSelection: selection }, [...this.#graph.keys()].sort());
  }

  ofCode(file) {
    return this.#key(codeSettings(settingsFor(file, this.#settings)), closureOf(this.#graph, file), file);
  }

  #key(settings, names, file = null) {
    const sources = names.map((name) => [name, this.#graph.get(name).hash, this.#graph.get(name).imports]);
    return Store.key([this.#base, file, ordered(settings), sources]);
  }
}

/** Settings that decide bytecode where no metadata is appended. */
function codeSettings({ outputSelection, remappings, metadata, libraries, ...rest }) {
  return Object.keys(libraries ?? {}).length > 0 ? { ...rest, libraries } : rest;
}

/** The same value with every object's keys in order: tools write them in different ones. */
function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, ordered(value[key])]));
}

function analysisInput(input, graph) {
  const outputSelection = analysisOnly(input.settings.outputSelection);
  return { ...input, sources: sourcesOf(graph, [...graph.keys()].sort()), settings: { ...input.settings, outputSelection } };
}

function codeInput(settings, graph, group) {
  const names = [...new Set(group.flatMap((file) => closureOf(graph, file)))].sort();
  const outputSelection = Object.fromEntries(group.map((file) => [file, { "*": CODE }]));
  return { language: "Solidity", sources: sourcesOf(graph, names), settings: { ...settings, outputSelection } };
}

/**
 * Files that are compiled together, the largest group first. A contract that creates another has its code generated
 * too, so a file takes along what it imports. Groups that import much the same share one analysis.
 */
function grouped(graph, files) {
  const left = new Set(files);
  const closures = files.map((file) => [file, closureOf(graph, file)]);
  const size = (group) => group.reduce((sum, file) => sum + graph.get(file).content.length, 0);
  const enough = size(files) / (GROUPS_PER_CORE * os.availableParallelism());
  const groups = [];
  for (const [file, closure] of closures.sort((a, b) => b[1].length - a[1].length)) {
    if (!left.has(file)) continue;
    const group = closure.filter((name) => left.delete(name));
    if (groups.length > 0 && size(groups.at(-1)) < enough) groups.at(-1).push(...group);
    else groups.push(group);
  }
  return groups.sort((a, b) => size(b) - size(a));
}

function hasError(output) {
  return (output.errors ?? []).some((error) => error.severity === "error");
}

/** A file's part of an answer, with the names of the files that its source maps number. */
function codeOfFile(output, file) {
  const names = Object.fromEntries(Object.entries(output.sources).map(([name, { id }]) => [id, name]));
  const contracts = Object.fromEntries(Object.entries(output.contracts?.[file] ?? {}).map(([name, { evm }]) => [name, evm]));
  const errors = (output.errors ?? []).filter((error) => error.sourceLocation?.file === file);
  return { contracts, names, errors };
}

/** The analysis with the selected code in it. */
function assembled(analysis, code, selection) {
  const answer = { ...analysis, contracts: { ...analysis.contracts } };
  const known = new Set((analysis.errors ?? []).map((error) => error.formattedMessage));
  const fresh = [...code.values()].flatMap(({ errors }) => errors).filter((error) => !known.has(error.formattedMessage));
  if (fresh.length > 0) answer.errors = [...(analysis.errors ?? []), ...fresh].slice(0, MAXIMUM_DIAGNOSTICS);
  for (const [file, { contracts, names }] of code) {
    const numbers = new Numbers(names, analysis.sources);
    const found = Object.entries(contracts).map(([name, evm]) => {
      const before = analysis.contracts?.[file]?.[name] ?? {};
      const chosen = chosenCode(evm, codeFor(selection, file, name), numbers);
      return [name, chosen === null ? before : { ...before, evm: { ...before.evm, ...chosen } }];
    });
    const filled = found.filter(([, value]) => Object.keys(value).length > 0);
    if (filled.length > 0) answer.contracts[file] = { ...answer.contracts[file], ...Object.fromEntries(filled) };
  }
  return answer;
}

/** From the numbers of a compilation to those of an answer; what the compiler generated comes after all files. */
class Numbers {
  constructor(names, sources) {
    this.names = names;
    this.sources = sources;
    this.replace = (number) => {
      const name = this.names[number];
      return name === undefined ? number - Object.keys(this.names).length + Object.keys(this.sources).length : this.sources[name].id;
    };
  }
}

function chosenCode(evm, outputs, numbers) {
  if (outputs.length === 0) return null;
  const chosen = {};
  for (const output of outputs) {
    const [, part, field] = output.split(".");
    const value = evm[part]?.[field];
    if (value === undefined) continue;
    chosen[part] ??= {};
    chosen[part][field] = field === "sourceMap" ? renumbered(value, numbers.replace) : value;
  }
  return chosen;
}

module.exports = { compileCached };
