// Which outputs need code generation, which need analysis only, and what a tool selected.
"use strict";

const CODE = [
  "evm.bytecode.object",
  "evm.bytecode.sourceMap",
  "evm.bytecode.linkReferences",
  "evm.deployedBytecode.object",
  "evm.deployedBytecode.sourceMap",
  "evm.deployedBytecode.linkReferences",
  "evm.deployedBytecode.immutableReferences",
];
const ANALYSIS = ["ast", "abi", "devdoc", "userdoc", "metadata", "storageLayout", "transientStorageLayout", "evm.methodIdentifiers"];
/** Not an output of solc, which ignores it; Ape asks for it. */
const IGNORED = ["bin-runtime"];
const KNOWN = new Set([...CODE, ...ANALYSIS, ...IGNORED]);

/** Whether everything that a selection names is known here; anything else is the compiler's own business. */
function understood(selection) {
  return Object.values(selection).every((byContract) => Object.values(byContract).flat().every((output) => KNOWN.has(output)));
}

/** The same selection without code. */
function analysisOnly(selection) {
  const reduce = (byContract) => Object.entries(byContract).map(([name, outputs]) => [name, outputs.filter((output) => !CODE.includes(output))]);
  return Object.fromEntries(Object.entries(selection).map(([file, byContract]) => [file, Object.fromEntries(reduce(byContract))]));
}

/** Code outputs selected for a contract. */
function codeFor(selection, file, contract) {
  const outputs = [selection["*"], selection[file]].flatMap((byContract) => [...(byContract?.["*"] ?? []), ...(byContract?.[contract] ?? [])]);
  return CODE.filter((output) => outputs.includes(output));
}

/** Whether code of any contract in a file is selected. */
function selectsCode(selection, file) {
  return [selection["*"], selection[file]].some((byContract) => Object.values(byContract ?? {}).flat().some((output) => CODE.includes(output)));
}

module.exports = { CODE, analysisOnly, codeFor, selectsCode, understood };
