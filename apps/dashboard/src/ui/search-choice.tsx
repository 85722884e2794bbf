import { useEffect, useId, useRef, useState } from 'react';
import { problemOfText } from './typed-text.js';

export interface Option {
  id: string;
  text: string;
  /** Shown beside the text, where the browser does so. */
  hint?: string | undefined;
}

interface SearchChoiceProps {
  label: string;
  /** What is looked for, for example `trunk`. */
  what: string;
  /** The id that is chosen; empty: none. */
  value: string;
  /** What the chosen one is called; undefined while it is being read. */
  text: string | undefined;
  onChange: (id: string) => void;
  /** What was found for the text in the field. */
  options: readonly Option[];
  /** Somebody goes to the field. */
  onFocus?: () => void;
  onSearch: (text: string) => void;
  /** The options are not yet those of the text. */
  isSearching: boolean;
  placeholder: string;
}

/**
 * One of very many: the field searches while one types. The browser's own list shows what was found; it works with
 * every keyboard, screen reader and telephone. A text that is none of them is an error, which no form is sent with: it
 * must not pass for "none".
 */
export function SearchChoice({ label, value, onChange, options, onSearch, ...rest }: SearchChoiceProps) {
  const { what, text, isSearching, placeholder, onFocus } = rest;
  const field = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState<string>();
  const [known, setKnown] = useState(value);
  const [matched, setMatched] = useState<Option>();
  const match = matchOf(typed, matched === undefined ? options : [...options, matched]);
  const found = typed === undefined ? value : (match?.id ?? '');
  if (value !== known) {
    setKnown(value);
    // Chosen elsewhere: what is in the field no longer says it.
    if (value !== found) setTyped(undefined);
  }
  useEffect(() => {
    if (match !== undefined) setMatched(match);
    if (typed !== undefined && found !== value) onChange(found);
    // Also when the options for a text arrive later than the text. `onChange` is another function in each view.
  }, [typed, found]);
  const problem = problemOfText({ typed, what, isMatched: match !== undefined, options: options.length, isSearching });
  useEffect(() => input.current?.setCustomValidity(problem.text), [problem.text]);
  const type = (next: string) => {
    setTyped(next);
    onSearch(next.trim());
  };
  return (
    <div className="field">
      <label htmlFor={field}>{label}</label>
      <input
        ref={input}
        id={field}
        list={`${field}-list`}
        aria-describedby={`${field}-hint`}
        aria-invalid={problem.isError}
        autoComplete="off"
        placeholder={placeholder}
        value={typed ?? text ?? ''}
        onFocus={onFocus}
        onChange={(event) => type(event.target.value)}
      />
      <datalist id={`${field}-list`}>
        {options.map(({ id, text: shown, hint }) => (
          <option key={id} value={shown} label={hint} />
        ))}
      </datalist>
      <span id={`${field}-hint`} role="status" className={problem.isError ? 'react-aria-FieldError' : 'muted small'}>
        {problem.text}
      </span>
    </div>
  );
}

const isSame = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();

/** `offered` has what was matched once too: a search for its whole text may find others first. */
const matchOf = (typed: string | undefined, offered: readonly Option[]): Option | undefined =>
  typed === undefined ? undefined : offered.find((each) => isSame(each.text, typed));
