/** What is in a field that searches, and what the search knows of it. */
export interface Typed {
  /** Undefined: nothing was typed. */
  typed: string | undefined;
  /** What is looked for, for example `trunk`. */
  what: string;
  isMatched: boolean;
  /** How many were found. */
  options: number;
  isSearching: boolean;
}

/** What to say of the text; empty: nothing. An error once it is certain that there is no such thing. */
export function problemOfText({ typed = '', what, isMatched, options, isSearching }: Typed): {
  text: string;
  isError: boolean;
} {
  if (typed.trim() === '' || isMatched) return { text: '', isError: false };
  if (isSearching) return { text: 'Looking for it…', isError: false };
  if (options > 0) return { text: 'Choose one from the list.', isError: false };
  return { text: `There is no ${what} “${typed.trim()}”, so none is chosen.`, isError: true };
}
