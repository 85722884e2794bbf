const NAMES = ['rebuild', 'rebuild-usage', 'archive-usage', 'dead-letters', 'replay', 'gaps'] as const;
export type CommandName = (typeof NAMES)[number];
export type Command = { name: CommandName } | { name: 'help'; problem: string | null };

export const USAGE = `billing-observer commands (each shows its progress and can be stopped with Ctrl-C)

  rebuild            rebuild the call log from the stored events while the service runs
                     environment: DATABASE_URL
  rebuild-usage      rebuild the sums of usage from the ledger while the service runs; recording waits while the
                     entries of an organisation are counted
                     environment: DATABASE_URL
  archive-usage      export the months of the ledger that are older than USAGE_KEEP_MONTHS to files and drop them while
                     the service runs; their sums and statements stay, and it may be run again at any time
                     environment: DATABASE_URL, USAGE_KEEP_MONTHS, USAGE_ARCHIVE_DIR
  dead-letters       list the messages that could not be recorded, without their content
                     environment: DATABASE_URL
  replay             record those messages once more; what is recorded leaves the list
                     environment: DATABASE_URL
  gaps               list the call records that have not come from a bridge, though later ones have
                     environment: DATABASE_URL
`;

export function readArguments(args: readonly string[]): Command {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help') return { name: 'help', problem: null };
  if (rest.length > 0) return { name: 'help', problem: `there is no option ${JSON.stringify(rest[0])} for this` };
  const known = NAMES.find((each) => each === name);
  return known === undefined
    ? { name: 'help', problem: `there is no command ${JSON.stringify(name)}` }
    : { name: known };
}
