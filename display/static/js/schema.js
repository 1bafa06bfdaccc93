// A JSON Schema as short readable text: `{number: string, calls: integer, …}`. Pure.

const INDENT = "  ";
const DEPTH_MAX = 6; // references are named, not followed, so only odd documents get there

export function schemaText(schema, words, depth = 0, open = false) {
  if (schema === undefined || schema === null) return "";
  if (schema === true || depth > DEPTH_MAX) return "any";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map((each) => schemaText(each, words, depth + 1)).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  if (schema.type === "array") {
    return `${words.listOf} ${schemaText(schema.items ?? true, words, depth + 1)}`;
  }
  if (schema.properties) return objectText(schema, words, depth, open);
  return [schema.type ?? "any", schema.format ? `(${schema.format})` : ""].join(" ").trim();
}

function objectText(schema, words, depth, open) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties).map(([name, value]) =>
    `${name}${required.has(name) ? "" : "?"}: ${schemaText(value, words, depth + 1)}`);
  if (!open) return `{${fields.join(", ")}}`;
  const pad = INDENT.repeat(depth + 1);
  return `{\n${fields.map((field) => pad + field).join(",\n")}\n}`;
}
