/** Checks answers against an OpenAPI 3.0 description, as far as GitHub's uses it. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export class OpenApi {
  readonly #document: JsonObject;

  constructor(text: string) {
    const document: Json = JSON.parse(text);
    if (!isObject(document)) throw new Error("not an OpenAPI document");
    this.#document = document;
  }

  /** What is wrong with an answer's JSON; an answer that the description does not know is wrong, too. */
  checkAnswer(method: string, path: string, status: number, body: Json): readonly string[] {
    const answers = this.#at(["paths", path, method, "responses"]);
    const answer = this.#follow(isObject(answers) ? answers[String(status)] : undefined);
    if (answer === undefined) return [`${method} ${path} has no answer ${status}`];
    const content = isObject(answer["content"]) ? answer["content"] : {};
    const media = content["application/json"];
    if (media === undefined) return [];
    return this.check(
      isObject(media) ? media["schema"] : undefined,
      body,
      `${method} ${path} ${status}`,
    );
  }

  check(schemaOrLink: Json | undefined, value: Json, at: string): readonly string[] {
    const schema = this.#follow(schemaOrLink);
    if (schema === undefined) return [`${at}: there is no such schema`];
    if (value === null && schema["nullable"] === true) return [];
    return [...this.#checkParts(schema, value, at), ...this.#checkShape(schema, value, at)];
  }

  #checkParts(schema: JsonObject, value: Json, at: string): readonly string[] {
    const { allOf, anyOf, oneOf } = schema;
    // oneOf is read as anyOf: the forms of GitHub's own errors overlap.
    const found: string[] = [];
    if (isArray(allOf)) found.push(...allOf.flatMap((part) => this.check(part, value, at)));
    for (const [word, parts] of [
      ["anyOf", anyOf],
      ["oneOf", oneOf],
    ] as const) {
      if (!isArray(parts)) continue;
      const results = parts.map((part) => this.check(part, value, at));
      const fits = results.filter((problems) => problems.length === 0).length;
      if (fits === 0)
        found.push(`${at}: fits no part of ${word}: ${results.flat().slice(0, 3).join("; ")}`);
    }
    return found;
  }

  #checkShape(schema: JsonObject, value: Json, at: string): readonly string[] {
    const { type, enum: words, format } = schema;
    if (typeof type === "string" && !hasType(type, value)) return [`${at}: is not of type ${type}`];
    if (isArray(words) && !words.includes(value))
      return [`${at}: ${JSON.stringify(value)} is not in the enum`];
    if (typeof value === "string" && typeof format === "string" && !hasFormat(format, value)) {
      return [`${at}: ${value} is no ${format}`];
    }
    if (isArray(value)) {
      const { items } = schema;
      return items === undefined
        ? []
        : value.flatMap((item, i) => this.check(items, item, `${at}/${i}`));
    }
    return isObject(value) ? this.#checkObject(schema, value, at) : [];
  }

  #checkObject(schema: JsonObject, value: JsonObject, at: string): readonly string[] {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    const required = isArray(schema["required"]) ? schema["required"] : [];
    const found = required.flatMap((key) =>
      typeof key === "string" && !(key in value) ? [`${at}: must have ${key}`] : [],
    );
    for (const [key, part] of Object.entries(value)) {
      const property = properties[key];
      if (property !== undefined) found.push(...this.check(property, part, `${at}/${key}`));
      else if (schema["additionalProperties"] === false) found.push(`${at}: may not have ${key}`);
    }
    return found;
  }

  #follow(part: Json | undefined): JsonObject | undefined {
    if (!isObject(part)) return undefined;
    const link = part["$ref"];
    if (typeof link !== "string") return part;
    return this.#follow(this.#at(link.replace("#/", "").split("/")));
  }

  #at(steps: readonly string[]): Json | undefined {
    let here: Json | undefined = this.#document;
    for (const step of steps) here = isObject(here) ? here[step] : undefined;
    return here;
  }
}

function hasType(type: string, value: Json): boolean {
  if (type === "array") return isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function hasFormat(format: string, value: string): boolean {
  if (format === "uri") return URL.canParse(value);
  if (format === "date-time")
    return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
  return true;
}
