// Worker processes, at most one a core, that take inputs from one list in its order.
"use strict";

const { fork } = require("node:child_process");
const os = require("node:os");
const path = require("node:path");

const { Failure } = require("./compiler");

/**
 * Compiles every input.
 *
 * @param inputs standard JSON inputs without anything left to read
 * @param done called with each output (an object) and its input's index; false ends the work
 */
function compileAll(inputs, done) {
  return new Promise((resolve, reject) => {
    const waiting = inputs.map((input, id) => ({ id, input }));
    const workers = [];
    let left = inputs.length;
    const characters = inputs.reduce((sum, input) => sum + JSON.stringify(input.sources).length, 0);

    const end = (error) => {
      for (const worker of workers) worker.kill("SIGKILL");
      if (error) reject(error);
      else resolve();
    };
    const next = (worker) => {
      if (waiting.length > 0) worker.send(waiting.shift());
    };
    const start = () => {
      // Standard output carries this process's answer and nothing else.
      const worker = fork(path.join(__dirname, "worker.js"), [String(characters)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      workers.push(worker);
      worker.on("message", ({ id, output, failure }) => {
        if (failure !== undefined) return end(new Failure(failure));
        if (!done(JSON.parse(output), id)) return end();
        left -= 1;
        if (left === 0) end();
        else next(worker);
      });
      worker.on("exit", (code, signal) => {
        if (signal !== "SIGKILL" || left > 0) end(new Failure(`a compiler process ended early (${signal ?? code})`));
      });
      next(worker);
    };

    if (left === 0) return resolve();
    for (let i = 0; i < Math.min(os.availableParallelism(), inputs.length); i++) start();
  });
}

module.exports = { compileAll };
