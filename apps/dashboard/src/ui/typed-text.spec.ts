import { describe, expect, it } from '@jest/globals';
import { problemOfText } from './typed-text.js';

const TYPED = { typed: 'Ofice', what: 'trunk', isMatched: false, options: 0, isSearching: false };

describe('a text in a field that searches', () => {
  it.each([
    [{ typed: undefined }, '', false],
    [{ typed: ' ' }, '', false],
    [{ isMatched: true }, '', false],
    [{ isSearching: true }, 'Looking for it…', false],
    [{ options: 2 }, 'Choose one from the list.', false],
    [{}, 'There is no trunk “Ofice”, so none is chosen.', true],
  ])('%j: %s', (over, text, isError) => expect(problemOfText({ ...TYPED, ...over })).toEqual({ text, isError }));
});
