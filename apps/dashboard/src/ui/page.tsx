import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'wouter';

interface PageProps {
  title: string;
  /** Where the reader came from. */
  back?: { to: string; label: string };
  actions?: ReactNode;
  children: ReactNode;
}

/** A view: its heading gets the focus, so that a screen reader says where one is. */
export function Page({ title, back, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · TrunkMesh`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <>
      <header className="page-head">
        <div>
          {back && (
            <Link href={back.to} className="back">
              ← {back.label}
            </Link>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export const Card = ({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) => (
  <section className="card" aria-label={title}>
    <header>
      <h2>{title}</h2>
      {actions}
    </header>
    {children}
  </section>
);

/** Names and what they are. A null is left out. */
export const Facts = ({ of }: { of: readonly (readonly [string, ReactNode] | null)[] }) => (
  <dl className="facts">
    {of
      .filter((each) => each !== null)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);
