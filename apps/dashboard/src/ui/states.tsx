import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components';
import { problemOf } from '../api/problem.js';

export const Loading = () => (
  <p className="muted" role="status">
    Loading…
  </p>
);

/** A refusal or an outage: what happened, and what to do. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { title, detail, errors, requestId } = problemOf(error);
  return (
    <div className="notice bad" role="alert">
      <strong>{title}</strong>
      <p>{detail}</p>
      {errors.length > 0 && (
        <ul>
          {errors.map((each) => (
            <li key={each.pointer + each.detail}>
              <code>{each.pointer === '' ? 'request' : each.pointer.slice(1)}</code> {each.detail}
            </li>
          ))}
        </ul>
      )}
      {requestId !== undefined && <p className="muted small">Request {requestId}</p>}
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** Nothing is there yet: what to do next. */
export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <h2>{title}</h2>
    {children}
  </div>
);

/** What a query found, or why there is nothing to show. */
export function Found<Data>({
  of,
  children,
}: {
  of: UseQueryResult<Data, unknown>;
  children: (data: Data) => ReactNode;
}) {
  if (of.data !== undefined)
    return (
      <>
        {of.isError && <Failure error={of.error} onRetry={() => void of.refetch()} />}
        {children(of.data)}
      </>
    );
  return of.isError ? <Failure error={of.error} onRetry={() => void of.refetch()} /> : <Loading />;
}
