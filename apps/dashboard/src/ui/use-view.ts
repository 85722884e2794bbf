import { useSearchParams } from 'wouter';

/** What a view is filtered by is in its URL, so that it can be shared. An empty value is left out. */
export function useView(): [(name: string) => string, (changes: Readonly<Record<string, string>>) => void] {
  const [params, setParams] = useSearchParams();
  const change = (changes: Readonly<Record<string, string>>) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) {
          if (value === '') next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: true },
    );
  return [(name) => params.get(name) ?? '', change];
}
