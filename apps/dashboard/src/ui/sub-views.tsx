import { Link, useLocation } from 'wouter';

/** The views of a page, each with its own URL. The first is the page itself. */
export function SubViews({ label, views }: { label: string; views: readonly (readonly [string, string])[] }) {
  const [location] = useLocation();
  const isCurrent = (to: string, index: number) => (index === 0 ? location === to : location.startsWith(to));
  return (
    <nav className="sub-views" aria-label={label}>
      {views.map(([to, title], index) => (
        <Link key={to} href={to} aria-current={isCurrent(to, index) ? 'page' : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}
