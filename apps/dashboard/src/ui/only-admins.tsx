/** Why nothing can be changed here. */
export const OnlyAdmins = ({ what }: { what: string }) => (
  <p className="notice">
    Only an admin of an active organisation may {what}. Ask an admin, or sign in with an admin&rsquo;s key.
  </p>
);
