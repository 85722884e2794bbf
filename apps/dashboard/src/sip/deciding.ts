/** Short names of headers (RFC 3261 §7.3.3). Of the nine sources of the called number only one has such a name. */
const COMPACT: Readonly<Record<string, string>> = { t: 'to' };

const fullName = (name: string) => {
  const lower = name.trim().toLowerCase();
  return COMPACT[lower] ?? lower;
};

/** Whether the called number was read from this header. `decidedBy`: the source that decided; null: none did. */
export const isDecidingHeader = (name: string, decidedBy: string | null): boolean =>
  decidedBy !== null && fullName(name) === fullName(decidedBy);

export interface Line {
  text: string;
  isDeciding: boolean;
}

const isContinued = (line: string) => /^[ \t]/.test(line);

/**
 * The lines of a message. Only an INVITE decides a call: its first line is the Request-URI, and a header may go on in
 * the lines below it.
 */
export function linesOf(text: string, decidedBy: string | null): Line[] {
  const [first = '', ...rest] = text.split(/\r?\n/);
  if (decidedBy === null || !/^INVITE /i.test(first))
    return [first, ...rest].map((line) => ({ text: line, isDeciding: false }));
  let inBody = false;
  let isDeciding = false;
  const lines = rest.map((line) => {
    inBody ||= line === '';
    if (inBody) return { text: line, isDeciding: false };
    if (!isContinued(line)) isDeciding = isDecidingHeader(line.split(':', 1)[0] ?? '', decidedBy);
    return { text: line, isDeciding };
  });
  return [{ text: first, isDeciding: fullName(decidedBy) === 'request-uri' }, ...lines];
}
