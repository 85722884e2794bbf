import type { LetterId } from '../usage/letter-id.js';

/** What a decision of an operator is kept with. */
interface Decision {
  reason: string;
  /** Undefined: the user of the operating system, where that is a person. */
  by: string | undefined;
}

export type AcceptGap = Decision & { bridge: string; epoch: string | undefined; first: number; last: number };

const PLAIN = ['rebuild', 'rebuild-usage', 'archive-usage', 'replay'] as const;
export type Command =
  | { name: (typeof PLAIN)[number] }
  | { name: 'gaps'; accept: AcceptGap | undefined }
  | { name: 'dead-letters'; show?: LetterId; discard?: LetterId & Decision };
export type Help = { name: 'help'; problem: string | null };

export const USAGE = `billing-observer commands (each shows its progress and can be stopped with Ctrl-C)

--by is the user of the operating system where it is missing; as root it has to be given.

  rebuild            rebuild the call log from the stored events while the service runs
                     environment: DATABASE_URL
  rebuild-usage      rebuild the sums of usage from the ledger while the service runs; recording waits only while
                     the sums of an organisation are replaced
                     environment: DATABASE_URL
  archive-usage      export the months of the ledger that are older than USAGE_KEEP_MONTHS to files and drop them while
                     the service runs; their sums and statements stay, and it may be run again at any time
                     environment: DATABASE_URL, USAGE_KEEP_MONTHS, USAGE_ARCHIVE_DIR
  dead-letters       list the messages that could not be recorded, without their content
    --show ID        show one of them with its content; what looks like a secret is masked, numbers of callers are not
    --discard ID --reason TEXT [--by NAME]
                     take it out of the list for good; it is kept, with who discarded it and why
                     environment: DATABASE_URL
  replay             record those messages once more; what is recorded leaves the list
                     environment: DATABASE_URL
  gaps               list the call records that have not come from a bridge, though later ones have
    --accept BRIDGE FIRST-LAST --reason TEXT [--by NAME] [--epoch EPOCH]
                     take these records for lost for good: usage of their time is incomplete no longer and says
                     that a gap was accepted; it is kept who accepted it and why, and it cannot be taken back
                     environment: DATABASE_URL
`;

class Misunderstood extends Error {}

export function readArguments(args: readonly string[]): Command | Help {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help') return { name: 'help', problem: null };
  try {
    return commandOf(name, rest);
  } catch (error) {
    if (error instanceof Misunderstood) return { name: 'help', problem: error.message };
    throw error;
  }
}

function commandOf(name: string, rest: readonly string[]): Command {
  if (name === 'gaps') return { name, accept: acceptOf(rest) };
  if (name === 'dead-letters') return { name, ...letterOf(rest) };
  const plain = PLAIN.find((each) => each === name);
  if (plain === undefined) throw new Misunderstood(`there is no command ${JSON.stringify(name)}`);
  optionsOf(rest, {});
  return { name: plain };
}

function acceptOf(args: readonly string[]): AcceptGap | undefined {
  const options = optionsOf(args, { '--accept': 2, '--reason': 1, '--by': 1, '--epoch': 1 });
  const [bridge, records] = options.get('--accept') ?? [];
  if (bridge === undefined || records === undefined) return only(options, undefined);
  const [epoch] = options.get('--epoch') ?? [];
  if (epoch !== undefined && !UUID.test(epoch)) throw new Misunderstood('--epoch takes an epoch as gaps lists it');
  return { bridge, epoch, ...recordsOf(records), ...decisionOf(options) };
}

/** `17-19`, or one alone. */
function recordsOf(text: string): { first: number; last: number } {
  const [, first, last = first] = /^([1-9]\d{0,14})(?:-([1-9]\d{0,14}))?$/.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first))
    throw new Misunderstood(`${JSON.stringify(text)} are no records: write FIRST-LAST, for example 17-19`);
  return { first: Number(first), last: Number(last) };
}

function letterOf(args: readonly string[]): { show?: LetterId; discard?: LetterId & Decision } {
  const options = optionsOf(args, { '--show': 1, '--discard': 1, '--reason': 1, '--by': 1 });
  const [shown] = options.get('--show') ?? [];
  const [discarded] = options.get('--discard') ?? [];
  if (shown !== undefined) return only(options, { show: idOf(shown) }, '--show');
  if (discarded === undefined) return only(options, {});
  return { discard: { ...idOf(discarded), ...decisionOf(options) } };
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const MOST_CHARACTERS = 500;

type Options = ReadonlyMap<string, readonly string[]>;

/** Each option at most once, followed by so many values. */
function optionsOf(args: readonly string[], known: Readonly<Record<string, number>>): Options {
  const options = new Map<string, readonly string[]>();
  for (let at = 0; at < args.length;) {
    const option = args[at]!;
    const values = Object.hasOwn(known, option) ? known[option]! : undefined;
    if (values === undefined || options.has(option))
      throw new Misunderstood(`there is no option ${JSON.stringify(option)} for this`);
    const given = args.slice(at + 1, at + 1 + values);
    if (given.length < values || given.some((value) => value.startsWith('--')))
      throw new Misunderstood(`${option} takes ${values === 1 ? 'a value' : `${values} values`}`);
    options.set(option, given);
    at += 1 + values;
  }
  return options;
}

/** @throws Misunderstood there are other options */
function only<Value>(options: Options, value: Value, allowed?: string): Value {
  const strange = [...options.keys()].find((option) => option !== allowed);
  if (strange === undefined) return value;
  throw new Misunderstood(`there is no option ${JSON.stringify(strange)} for this`);
}

function decisionOf(options: Options): Decision {
  const [reason = ''] = options.get('--reason') ?? [];
  const [by] = options.get('--by') ?? [];
  if (reason.trim() === '') throw new Misunderstood('--reason is missing: say why, it is kept');
  if ([reason, by ?? 'x'].some((text) => text.length > MOST_CHARACTERS || text.trim() === ''))
    throw new Misunderstood(`--reason and --by take at most ${MOST_CHARACTERS} characters`);
  return { reason, by };
}

function idOf(text: string): LetterId {
  const [, sequence, digest] = /^(\d{1,18})-([\da-f]{8,64})$/.exec(text) ?? [];
  if (sequence === undefined || digest === undefined)
    throw new Misunderstood(`${JSON.stringify(text)} is no message: dead-letters lists them, for example 17-3fa4b1c2`);
  return { sequence, digest };
}
