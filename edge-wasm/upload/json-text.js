/**
 * Works on JSON as text, never on its values, so that exactly what the user typed (`0.10`, `1e2`, the order of members)
 * is sent. All functions accept malformed text and never throw.
 */

const SPACE = new Set([" ", "\t", "\n", "\r"]);

export function skipSpace(text, at) {
  while (at < text.length && SPACE.has(text[at])) at += 1;
  return at;
}

/** The position after the string that starts at `at`, or -1 if it is not closed. */
export function endOfString(text, at) {
  let end = at + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end < 0) return -1;
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes += 1;
    end += 1;
    if (slashes % 2 === 0) return end;
  }
}

/** The position after the value that starts at `at`, or -1 if it does not end. */
export function endOfValue(text, at) {
  const first = text[at];
  if (first === '"') return endOfString(text, at);
  if (first !== "{" && first !== "[") return endOfWord(text, at);
  let depth = 0;
  for (let place = at; place < text.length; place += 1) {
    const character = text[place];
    if (character === '"') {
      place = endOfString(text, place) - 1;
      if (place < 0) return -1;
    } else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return place + 1;
    }
  }
  return -1;
}

function endOfWord(text, at) {
  let end = at;
  while (end < text.length && !SPACE.has(text[end]) && !",]}:".includes(text[end])) end += 1;
  return end > at ? end : -1;
}

/** The members of the object (or entries of the array) that starts at `at`: name and span of each value. */
export function children(text, at = skipSpace(text, 0)) {
  const isObject = text[at] === "{";
  if (!isObject && text[at] !== "[") return [];
  const found = [];
  let place = skipSpace(text, at + 1);
  while (place < text.length && text[place] !== "}" && text[place] !== "]") {
    let name = found.length;
    if (isObject) {
      const end = text[place] === '"' ? endOfString(text, place) : -1;
      if (end < 0) break;
      name = unquoted(text.slice(place, end));
      place = skipSpace(text, end);
      if (text[place] !== ":") break;
      place = skipSpace(text, place + 1);
    }
    const end = endOfValue(text, place);
    if (end < 0) break;
    found.push({ name, start: place, end });
    place = skipSpace(text, end);
    if (text[place] === ",") place = skipSpace(text, place + 1);
    else break;
  }
  return found;
}

/** The text of a JSON string; any other literal unchanged. */
export function unquoted(literal) {
  if (literal.length > 1 && literal.startsWith('"') && !literal.includes("\\")) return literal.slice(1, -1);
  try {
    const value = JSON.parse(literal);
    return typeof value === "string" ? value : literal;
  } catch {
    return literal;
  }
}

/** The literals of some members of the order by name; "" for absent ones. */
export function literals(text, names) {
  const found = Object.fromEntries(names.map((name) => [name, ""]));
  for (const { name, start, end } of children(text)) {
    if (name in found) found[name] = text.slice(start, end);
  }
  return found;
}

/** The strings in some members of the order; "" for members that are absent, null or not strings. */
export function stringMembers(text, names) {
  const found = literals(text, names);
  for (const name of names) found[name] = found[name].startsWith('"') ? unquoted(found[name]) : "";
  return found;
}

/** The segments of an RFC 6901 pointer. */
export function pointerSegments(pointer) {
  return pointer.split("/").slice(1).map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The span of the value that a pointer names, or of its deepest existing ancestor. */
export function spanOf(text, pointer) {
  const start = skipSpace(text, 0);
  let span = { start, end: Math.max(endOfValue(text, start), start) };
  for (const segment of pointerSegments(pointer)) {
    const child = children(text, span.start).find(({ name }) => String(name) === segment);
    if (!child) break;
    span = { start: child.start, end: child.end };
  }
  return span;
}

/** The order with a string member: inserted at the front, or replacing a null or empty one. */
export function withStringMember(text, name, value) {
  const literal = JSON.stringify(value);
  const member = children(text).find((child) => child.name === name);
  if (member) return text.slice(0, member.start) + literal + text.slice(member.end);
  const open = skipSpace(text, 0);
  if (text[open] !== "{") return text;
  const isEmpty = text[skipSpace(text, open + 1)] === "}";
  return `${text.slice(0, open + 1)}${JSON.stringify(name)}:${literal}${isEmpty ? "" : ","}${text.slice(open + 1)}`;
}

/** The same tokens on one line. */
export function compact(text) {
  return rewritten(text, () => "", ":");
}

/** The same tokens, one member per line. */
export function pretty(text) {
  return rewritten(text, (depth) => `\n${"  ".repeat(depth)}`, ": ");
}

function rewritten(text, lineBreak, colon) {
  let out = "";
  let depth = 0;
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const character = text[at];
    if (character === "{" || character === "[") {
      const inner = skipSpace(text, at + 1);
      if (text[inner] === "}" || text[inner] === "]") {
        out += character + text[inner];
        at = inner + 1;
        continue;
      }
      depth += 1;
      out += character + lineBreak(depth);
    } else if (character === "}" || character === "]") {
      depth = Math.max(depth - 1, 0);
      out += lineBreak(depth) + character;
    } else if (character === ",") out += `,${lineBreak(depth)}`;
    else if (character === ":") out += colon;
    else {
      const end = character === '"' ? endOfString(text, at) : endOfWord(text, at);
      if (end < 0) return out + text.slice(at);
      out += text.slice(at, end);
      at = end;
      continue;
    }
    at += 1;
  }
  return out;
}
