import { useSearchParams } from 'wouter';

type Change = (changes: Readonly<Record<string, string>>, options?: { push?: boolean }) => void;

/**
 * What a view is filtered by is in its URL, so that it can be shared. An empty value is left out. `push`: Back leads to
 * what was there before.
 */
export function useView(): [(name: string) => string, Change] {
  const [params, setParams] = useSearchParams();
  const change: Change = (changes, { push = false } = {}) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          if (value === '') next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: !push },
    );
  return [(name) => params.get(name) ?? '', change];
}
