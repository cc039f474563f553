import { stripTypeScriptTypes } from "node:module";

/** A jest transformer that removes the types and keeps every line where it was. */
function strip(source) {
  return { code: stripTypeScriptTypes(source, { mode: "strip" }) };
}

export default {
  process: strip,
  processAsync: async (source) => strip(source),
};
