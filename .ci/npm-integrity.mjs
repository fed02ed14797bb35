// npm installs a package whose lock entry has no hash without a word. `check` refuses to, before `npm ci`, where such an
// entry is for this platform; `fill` asks the registry for the hashes that are missing.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(FILE, "utf8"));
const unverified = Object.entries(lock.packages)
  .filter(([path, entry]) => path !== "" && !entry.link && !entry.inBundle && !entry.integrity)
  .map(([path, entry]) => ({ path, entry, id: `${entry.name ?? path.split("node_modules/").pop()}@${entry.version}` }));

// An exclusion such as "!win32" counts as wanted here: to refuse too much is safe.
const wanted = (list, here) => !list?.some((value) => !value.startsWith("!")) || list.includes(here);

function check() {
  const here = unverified.filter(({ entry }) => wanted(entry.os, process.platform) && wanted(entry.cpu, process.arch));
  if (here.length === 0) return;
  console.error(`package-lock.json has no hash for ${here.map(({ id }) => id).join(", ")}: nothing is installed unverified.`);
  console.error("Run `make lock` where npm's registry has them; it adds their hashes.");
  process.exit(1);
}

function fill() {
  for (const { path, entry, id } of unverified) {
    const args = ["view", id, "dist.integrity", "--loglevel=silent"];
    const { status, stdout } = spawnSync("npm", args, { encoding: "utf8" });
    const integrity = stdout?.trim();
    if (status === 0 && integrity) {
      lock.packages[path] = { name: entry.name, version: entry.version, integrity, ...entry }; // in npm's own order
    } else {
      console.error(`npm's registry has no ${id}: its platform cannot install from this lock.`);
    }
  }
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
}

({ check, fill })[process.argv[2]]();
