// Compiled output by the hash of all that it depends on, one compressed file each. An entry that cannot be read is a
// miss. Files appear whole or not at all, so any number of compilers may share the folder.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");

const MAXIMUM_BYTES = 256 * 2 ** 20;

class Store {
  constructor(folder) {
    this.folder = folder;
  }

  /** Key of anything that JSON can express. */
  static key(value) {
    return crypto.createHash("sha256").update(JSON.stringify(value)).digest("hex");
  }

  get(key) {
    const file = this.#file(key);
    try {
      const value = JSON.parse(zlib.gunzipSync(fs.readFileSync(file)).toString("utf8"));
      const now = new Date();
      fs.utimesSync(file, now, now);
      return value;
    } catch {
      return null;
    }
  }

  /** Keeps a value; a disk that takes nothing costs the next compilation its time, not this one its answer. */
  put(key, value) {
    const file = this.#file(key);
    const draft = `${file}.${process.pid}`;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(draft, zlib.gzipSync(JSON.stringify(value), { level: 1 }));
      fs.renameSync(draft, file);
    } catch {
      fs.rmSync(draft, { force: true });
    }
  }

  /** Deletes what has not been used for longest while everything together is too large. */
  prune(maximum = MAXIMUM_BYTES) {
    const entries = [];
    for (const folder of listed(this.folder)) {
      for (const file of listed(folder)) {
        try {
          const { size, mtimeMs } = fs.statSync(file);
          entries.push({ file, size, mtimeMs });
        } catch {
          continue; // Another compiler deleted it.
        }
      }
    }
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    for (const { file, size } of entries.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= maximum) break;
      fs.rmSync(file, { force: true });
      total -= size;
    }
  }

  #file(key) {
    return path.join(this.folder, key.slice(0, 2), `${key}.json.gz`);
  }
}

function listed(folder) {
  try {
    return fs.readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

module.exports = { Store };
