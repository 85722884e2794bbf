/**
 * C0 and C1 controls, and what turns the direction of text: names and headers come from outside and must not steer
 * the terminal.
 */
// eslint-disable-next-line no-control-regex -- exactly those must not reach a terminal
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line of text without anything that a terminal would obey. */
export const safeText = (text: string): string => text.replace(STEERING, escaped);

/** The same for JSON: every escape stays valid JSON, line breaks of the layout are kept. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(STEERING, (character) => (character === '\n' ? '\n' : escaped(character)));
