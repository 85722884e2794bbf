/**
 * Takes a text apart as FreeSWITCH does (`switch_separate_string`, seen on 1.11.3-dev): a backslash keeps the next
 * character from separating, quotes keep what is between them together, and each part then loses its quotes, one layer
 * of backslashes and the blanks around it.
 */
export function separate(text: string, delimiter: string, most = Infinity): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const at of separators(text, delimiter)) {
    if (parts.length >= most - 1) break;
    if (delimiter !== ' ' || at > start) parts.push(text.slice(start, at));
    start = at + 1;
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts.map((part) => cleaned(part, delimiter === ' ' ? undefined : delimiter));
}

/** Where it separates. A last quote alone opens nothing, except among blanks. */
function* separators(text: string, delimiter: string): Generator<number> {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === "'") quoted = !quoted && (delimiter === ' ' || text.includes("'", at + 1));
    else if (text[at] === delimiter && !quoted) yield at;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', s: ' ' };

/** Blanks are removed from both ends, except those within quotes or written with a backslash. */
function cleaned(part: string, delimiter: string | undefined): string {
  const begin = /^ */.exec(part)![0].length;
  let result = '';
  let end = 0;
  let quoted = false;
  for (let at = begin; at < part.length; at += 1) {
    const character = part[at]!;
    const escaped = character === '\\' ? unescaped(part[at + 1], delimiter) : undefined;
    if (escaped !== undefined) {
      at += 1;
      result += escaped;
      end = result.length;
    } else if (character === "'" && (quoted || part.includes("'", at + 1))) {
      quoted = !quoted;
      if (quoted) end = result.length;
    } else {
      result += character;
      if (character !== ' ' || quoted) end = result.length;
    }
  }
  return result.slice(0, end);
}

function unescaped(next: string | undefined, delimiter: string | undefined): string | undefined {
  if (next === undefined) return undefined;
  return next === "'" || next === '"' || next === '\\' || next === delimiter ? next : ESCAPES[next];
}
