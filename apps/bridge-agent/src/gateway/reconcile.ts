import { parseGatewayName } from '@trunkmesh/contracts/trunk.js';
import type { Observed, ObservedGateway } from './observed.js';
import { removalStep } from './removal-step.js';
import { remakeDueAt, type Remakes } from './remake.js';

/** The desired gateway of a trunk of this bridge: rendered, and therefore with its password in plain text. */
export interface DesiredGateway {
  trunkId: string;
  name: string;
  xml: string;
}

export interface Situation {
  /** By trunk id. */
  desired: ReadonlyMap<string, DesiredGateway>;
  /**
   * Trunks of this bridge that cannot be rendered: neither added nor removed. A missing key on this host must not take
   * down trunks that still register with their former settings.
   */
  held: ReadonlySet<string>;
  /** Trunks that must not send anything any more: removed at once, without the REGISTER that others get first. */
  takenDown?: ReadonlySet<string>;
  observed: Observed;
  /** The files of the gateways' folder by name without `.xml`, ours and foreign ones. */
  files: ReadonlyMap<string, string>;
  /**
   * When a gateway of this name was last part of a successful rescan. If it does not appear, FreeSWITCH has refused it
   * or has not reported it yet.
   */
  offeredAt: ReadonlyMap<string, number>;
  remakes: Remakes;
  now: number;
}

/** In the order of execution. Every step is safe to repeat. */
export interface Plan {
  write: { file: string; xml: string }[];
  remove: string[];
  /** Names that `sofia profile … rescan`, which only adds gateways, should add. */
  add: string[];
  kill: string[];
  /** To register again before they are killed. */
  refresh: string[];
  /** Failing for long, or for a reason that no longer applies: retry now. */
  retry: string[];
  /**
   * Those of the killed gateways that are added again under the same name, because FreeSWITCH has stopped sending for
   * them.
   */
  remake: string[];
  /** When the next gateway is due to be recreated. */
  nextAt: number | null;
  /** Differences that need another comparison soon: FreeSWITCH's worker pass, or a refresh in flight. */
  waiting: number;
}

/**
 * FreeSWITCH's own pause grows without a ceiling (FACTS): this is the ceiling. Short enough after a carrier's repair,
 * long enough not to be taken for an attack.
 */
export const RETRY_CEILING_MS = 300_000;
/**
 * How often a gateway that FreeSWITCH refused is offered again: the missing part (a TLS certificate) may exist by now.
 */
export const REFUSED_AGAIN_MS = 60_000;
/**
 * A gateway's file may change without a new revision, because another agent version renders differently. Such
 * gateways are replaced a few at a time.
 */
export const REPLACEMENTS_AT_ONCE = 50;

/**
 * Compares the desired state with the actual one. Carrying out the plan repeatedly converges: at the end nothing is
 * left to do.
 */
export function reconcile(situation: Situation): Plan {
  const plan: Plan = {
    write: [],
    remove: [],
    add: [],
    kill: [],
    refresh: [],
    retry: [],
    remake: [],
    nextAt: null,
    waiting: 0,
  };
  const step = { situation, plan, replacing: 0 };
  const others = otherGateways(situation);
  for (const desired of situation.desired.values()) bring(step, desired, others.get(desired.trunkId) ?? []);
  for (const [trunkId, gateways] of others) {
    if (!isWanted(situation, trunkId)) for (const gateway of gateways) takeAway(step, gateway);
  }
  for (const file of situation.files.keys()) {
    if (!isWanted(situation, file) && isOurFile(file)) plan.remove.push(file);
  }
  return plan;
}

export function isIdle(plan: Plan): boolean {
  return [plan.write, plan.remove, plan.add, plan.kill, plan.refresh, plan.retry].every(
    (actions) => actions.length === 0,
  );
}

/** How many trunks are not yet in their desired state: the bridge's drift. */
export function driftOf(situation: Situation): number {
  const plan = reconcile(situation);
  const missing = [...situation.desired.values()].filter((desired) => !situation.observed.has(desired.name)).length;
  return missing + plan.kill.length + plan.refresh.length + plan.remove.length;
}

interface Step {
  situation: Situation;
  plan: Plan;
  replacing: number;
}

/**
 * Old revisions and gateways of trunks that are not wanted, by trunk. Ours by the shape of their names; an operator's
 * own gateways are left alone, and so are his files.
 */
function otherGateways({ desired, observed }: Situation): Map<string, ObservedGateway[]> {
  const wanted = new Set<string>();
  for (const { name } of desired.values()) wanted.add(name);
  const others = new Map<string, ObservedGateway[]>();
  for (const gateway of observed.values()) {
    // Nearly all of them: only the others' names are worth taking apart.
    if (wanted.has(gateway.name)) continue;
    const id = parseGatewayName(gateway.name)?.id;
    if (id !== undefined) others.set(id, [...(others.get(id) ?? []), gateway]);
  }
  return others;
}

const isWanted = ({ desired, held }: Situation, trunkId: string) => desired.has(trunkId) || held.has(trunkId);

const isOurFile = (file: string) => parseGatewayName(`${file}.1`) !== undefined;

function bring(step: Step, desired: DesiredGateway, old: readonly ObservedGateway[]): void {
  const current = step.situation.observed.get(desired.name);
  if (current !== undefined) {
    // Bound beside the new one only after a crash between the two steps below. Do not refresh it now (see there).
    for (const gateway of old) kill(step, gateway);
    return keep(step, desired, current);
  }
  const left = old.map((gateway) => takeAway(step, gateway));
  // The new revision waits for the old one's refresh. Were it bound first, the refresh would take its place at a
  // registrar that keeps one binding, and the un-REGISTER then both.
  if (left.includes('waiting')) step.plan.waiting += 1;
  else add(step, desired);
}

function add({ situation, plan }: Step, desired: DesiredGateway): void {
  if (situation.files.get(desired.trunkId) !== desired.xml)
    plan.write.push({ file: desired.trunkId, xml: desired.xml });
  const offeredAt = situation.offeredAt.get(desired.name);
  if (offeredAt === undefined || situation.now - offeredAt >= REFUSED_AGAIN_MS) plan.add.push(desired.name);
}

function keep(step: Step, desired: DesiredGateway, current: ObservedGateway): void {
  const { situation, plan } = step;
  const file = situation.files.get(desired.trunkId);
  if (current.killed) {
    // Its file must be away until it is gone: loaded now, the new one would have the old one's contact, and their
    // REGISTERs would race.
    if (file !== undefined) plan.remove.push(desired.trunkId);
    plan.waiting += 1;
    return;
  }
  if (file === undefined) plan.write.push({ file: desired.trunkId, xml: desired.xml });
  else if (file !== desired.xml) return replace(step, desired, current);
  const dueAt = remakeDueAt(current, situation.remakes.get(current.name));
  if (dueAt !== undefined) return remake(step, current, dueAt);
  if (shallRetry(current, situation.now)) plan.retry.push(current.name);
}

/**
 * Same name, other contents: FreeSWITCH removes the gateway first, then its file is written, and once the gateway is
 * gone it is added like a new one.
 */
function replace(step: Step, desired: DesiredGateway, current: ObservedGateway): void {
  if (step.replacing >= REPLACEMENTS_AT_ONCE) {
    step.plan.waiting += 1;
    return;
  }
  step.replacing += 1;
  if (takeAway(step, current) === 'killed') step.plan.remove.push(desired.trunkId);
}

/**
 * Nothing of it is bound at the registrar. Its file is taken away when it is seen to go, and written again when it is
 * gone (`keep`, `add`).
 */
function remake(step: Step, current: ObservedGateway, dueAt: number): void {
  const { plan, situation } = step;
  if (dueAt > situation.now) {
    plan.nextAt = Math.min(plan.nextAt ?? Infinity, dueAt);
    return;
  }
  if (step.replacing >= REPLACEMENTS_AT_ONCE) {
    plan.waiting += 1;
    return;
  }
  step.replacing += 1;
  plan.remake.push(current.name);
  kill(step, current);
}

/** One step towards its removal. */
function takeAway(step: Step, gateway: ObservedGateway): 'killed' | 'waiting' {
  const id = parseGatewayName(gateway.name)?.id ?? '';
  const next = step.situation.takenDown?.has(id) === true ? 'kill' : removalStep(gateway, step.situation.now);
  if (next === 'kill') return kill(step, gateway);
  if (next === 'refresh') step.plan.refresh.push(gateway.name);
  step.plan.waiting += 1;
  return 'waiting';
}

function kill({ plan }: Step, gateway: ObservedGateway): 'killed' {
  if (!gateway.killed) plan.kill.push(gateway.name);
  plan.waiting += 1;
  return 'killed';
}

function shallRetry(gateway: ObservedGateway, now: number): boolean {
  if (gateway.triedAt === null || (gateway.state !== 'FAIL_WAIT' && gateway.state !== 'FAILED')) return false;
  return gateway.predecessorGone || now - gateway.triedAt >= RETRY_CEILING_MS;
}
