/** Users of an operating system that several people share. */
const NOBODY: ReadonlySet<string> = new Set(['', 'root', 'nobody', 'unknown']);

/**
 * Who a decision is kept with: the name that was given, else the user of the operating system (undefined: not known).
 *
 * @throws Error that user is no person
 */
export function decidedBy(named: string | undefined, systemUser: string | undefined): string {
  if (named !== undefined) return named;
  if (systemUser !== undefined && !NOBODY.has(systemUser)) return systemUser;
  const user = systemUser === undefined || systemUser === '' ? 'not known' : JSON.stringify(systemUser);
  throw new Error(
    `--by is missing: the system's user is ${user}, which does not say who decides. Nothing was changed; add --by NAME`,
  );
}
