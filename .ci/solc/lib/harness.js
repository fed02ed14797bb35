// Which files are the frame of Foundry's tests and have no code of the protocol in them: deployments, handlers and
// properties, which call deployed contracts. The legacy code generator compiles them in a tenth of the time. Tests of
// libraries, and contracts that inherit from the protocol's, are what is tested and keep its settings.
"use strict";

const HARNESS = /^tests\/invariant\/(base\/)?[A-Z]\w*(Invariant|Properties|Handler|Test|Vault)(\.t)?\.sol$/;

function isHarness(file) {
  return HARNESS.test(file);
}

/** Settings that a file's code is generated under. */
function settingsFor(file, settings) {
  return isHarness(file) ? { ...settings, viaIR: false } : settings;
}

module.exports = { isHarness, settingsFor };
