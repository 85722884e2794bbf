import { useEffect, useId, useState } from 'react';

export interface Option {
  id: string;
  text: string;
  /** Shown beside the text, where the browser does so. */
  hint?: string | undefined;
}

interface SearchChoiceProps {
  label: string;
  /** The id that is chosen; empty: none. */
  value: string;
  /** What the chosen one is called; undefined while it is being read. */
  text: string | undefined;
  onChange: (id: string) => void;
  /** What was found for the text in the field. */
  options: readonly Option[];
  onSearch: (text: string) => void;
  placeholder: string;
}

/**
 * One of very many: the field searches while one types. The browser's own list shows what was found; it works with
 * every keyboard, screen reader and telephone.
 */
export function SearchChoice({ label, value, text, onChange, options, onSearch, placeholder }: SearchChoiceProps) {
  const list = useId();
  const [typed, setTyped] = useState<string>();
  const [known, setKnown] = useState(value);
  const [matched, setMatched] = useState<Option>();
  const match =
    typed === undefined
      ? undefined
      : // What was matched once stays, though a search for its whole text may offer others first.
        [...options, ...(matched === undefined ? [] : [matched])].find((each) => isSame(each.text, typed));
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
  const type = (next: string) => {
    setTyped(next);
    onSearch(next.trim());
  };
  const isUnknown = typed !== undefined && typed.trim() !== '' && found === '';
  return (
    <label className="field">
      <span>{label}</span>
      <input
        list={list}
        autoComplete="off"
        placeholder={placeholder}
        value={typed ?? text ?? ''}
        onChange={(event) => type(event.target.value)}
      />
      <datalist id={list}>
        {options.map(({ id, text: shown, hint }) => (
          <option key={id} value={shown} label={hint} />
        ))}
      </datalist>
      {isUnknown && <span className="muted small">Choose one from the list.</span>}
    </label>
  );
}

const isSame = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();
