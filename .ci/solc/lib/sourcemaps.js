// Source maps name files by number. A file that was compiled with few others has other numbers than in the answer that
// it becomes a part of.
"use strict";

const FILE_FIELD = 2;

/**
 * A source map with each file's number replaced.
 *
 * @param map solc's compressed form, `start:length:file:jump:depth;…`, where an empty field repeats the last one
 * @param renumber answers the new number of a file's number; not asked for -1, which is no file
 */
function renumbered(map, renumber) {
  if (map === "") return map;
  const entry = (text) => {
    const fields = text.split(":");
    if (fields.length <= FILE_FIELD || fields[FILE_FIELD] === "" || fields[FILE_FIELD] === "-1") return text;
    fields[FILE_FIELD] = String(renumber(Number(fields[FILE_FIELD])));
    return fields.join(":");
  };
  return map.split(";").map(entry).join(";");
}

module.exports = { renumbered };
