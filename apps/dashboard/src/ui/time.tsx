import { ago, clock } from '../format.js';

/** A time in the viewer's zone; the exact instant is in the tooltip. */
export function Time({ at, relative = false }: { at: string | null | undefined; relative?: boolean }) {
  if (at === null || at === undefined) return <>–</>;
  return (
    <time dateTime={at} title={at}>
      {relative ? ago(at, Date.now()) : clock(at)}
    </time>
  );
}
