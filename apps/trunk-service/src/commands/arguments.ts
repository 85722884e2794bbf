export type Command =
  | { name: 'rebuild' }
  | { name: 'refill'; replace: boolean }
  | { name: 'rotate-keys' }
  | { name: 'help'; problem: string | null };

export const USAGE = `trunk-service commands (each shows its progress and can be stopped with Ctrl-C)

  rebuild            rebuild every read model from the events, while the service runs
                     environment: DATABASE_URL
  refill [--replace] fill the JetStream stream of the entities from the events; --replace deletes what is in it first
                     environment: DATABASE_URL, NATS_URL
  rotate-keys        encrypt every SIP password and signing secret again that is not under the first of SECRET_KEYS
                     environment: DATABASE_URL, SECRET_KEYS
`;

export function readArguments(args: readonly string[]): Command {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help') return { name: 'help', problem: null };
  const strange = rest.find((each) => !(name === 'refill' && each === '--replace'));
  if (strange !== undefined) return { name: 'help', problem: `there is no option ${JSON.stringify(strange)} for this` };
  switch (name) {
    case 'rebuild':
      return { name };
    case 'rotate-keys':
      return { name };
    case 'refill':
      return { name, replace: rest.includes('--replace') };
    default:
      return { name: 'help', problem: `there is no command ${JSON.stringify(name)}` };
  }
}
