import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { FreeSwitchGateways } from './freeswitch.net.js';
import type { ReloadResult } from './freeswitch-reply.js';
import type { GatewayFiles } from './gateway-files.fs.js';
import { noteAsked, noteList, type ObservedMap } from './observed.js';
import { driftOf, isIdle, reconcile, type DesiredGateway, type Plan, type Situation } from './reconcile.js';
import { forgetRemakes, noteRemade, type Remake } from './remake.js';
import { repairReload } from './reload-repair.fs.js';
import { alarm, oneAtATime, reloadLoad } from './turns.process.js';

/** What shall be, taken anew for each comparison. */
export interface SyncInput {
  /** False while that is not known (no snapshot, and the log not read yet): nothing is touched then. */
  known: boolean;
  desired: ReadonlyMap<string, DesiredGateway>;
  held: ReadonlySet<string>;
  takenDown?: ReadonlySet<string>;
  /** Asked for when it is its turn: it costs more the more trunks there are, and a new gateway need not wait for it. */
  acl(): string;
  dialplan: string;
  /** Position in the log that `desired` stands for. */
  position: number;
}

export interface LastReload {
  at: string;
  ok: boolean;
  message: string;
  took_ms: number;
}

export interface SyncReport {
  /** Gateways that FreeSWITCH loaded without complaint and yet does not have. */
  refused: ReadonlySet<string>;
  /** All of FreeSWITCH's gateways were listed anew, so anything may have changed. */
  listed: boolean;
}

export interface GatewaySyncOptions {
  input(): SyncInput;
  observed: ObservedMap;
  /** Kept by the loop. */
  remakes: Map<string, Remake>;
  files: GatewayFiles;
  freeswitch: FreeSwitchGateways;
  connected(): boolean;
  logger: Logger;
  onCycle(report: SyncReport): void;
  onReload?(what: 'rescan' | 'reloadAcl', ok: boolean, tookMs: number): void;
  intervalMs?: number;
}

export interface GatewaySync {
  /** Something changed: compare soon. Many wakes are one comparison. */
  wake(): void;
  /** The event socket is up (again): what FreeSWITCH has is not known any more. */
  reconnected(): void;
  /** Whether `observed` is what FreeSWITCH has. */
  inTouch(): boolean;
  appliedPosition(): number;
  drift(): number;
  lastReload(): LastReload | null;
  stop(): Promise<void>;
}

const INTERVAL_MS = 30_000;
/** While something waits for FreeSWITCH's own second; its events wake the loop earlier. */
const SOON_MS = 500;
/**
 *  A gateway that a rescan added is announced within milliseconds of the answer; one that is not after this long was
 *  refused.
 */
const APPEAR_MS = 1_000;

/**
 *  The loop that makes FreeSWITCH what the log says. One comparison at a time; what arrives meanwhile is in the next,
 *  so a burst of changes costs few reloads.
 */
export function startGatewaySync(options: GatewaySyncOptions): GatewaySync {
  const { observed, remakes, files, freeswitch, logger } = options;
  const offeredAt = new Map<string, number>();
  const refused = new Set<string>();
  const loaded: { acl: string | null; dialplan: string | null } = { acl: null, dialplan: null };
  const state = { listed: false, listStale: false, filesStale: false, applied: 0 };
  const load = reloadLoad();
  let lastReload: LastReload | null = null;

  const reload = async (what: 'rescan' | 'reloadAcl', input: SyncInput): Promise<ReloadResult> => {
    const started = performance.now();
    let result = await freeswitch[what]();
    // Only then: with a profile that is restarting, whichever file is set aside when it is up again would be blamed.
    if (!result.ok && result.unreadable && options.connected())
      result = await repairReload({
        files,
        desired: input.desired,
        again: () => freeswitch[what](),
        why: result.why,
        logger,
      });
    const took = performance.now() - started;
    load.add(took);
    lastReload = {
      at: new Date().toISOString(),
      ok: result.ok,
      message: result.ok ? 'Success' : result.why,
      took_ms: Math.round(took),
    };
    options.onReload?.(what, result.ok, took);
    if (!result.ok) logger.error({ what, why: result.why }, 'FreeSWITCH could not reload its configuration');
    return result;
  };

  const observe = async (): Promise<boolean> => {
    const list = await freeswitch.list();
    if (list !== undefined) noteList(observed, list, Date.now());
    return list !== undefined;
  };

  const waitedFor = (name: string) =>
    !observed.has(name) && Date.now() - (offeredAt.get(name) ?? Infinity) >= APPEAR_MS;

  /**
   *  FreeSWITCH says nothing of a gateway that it skips: it is in the rescan and not in the list afterwards, that is
   *  all.
   */
  const findRefused = (desired: ReadonlyMap<string, DesiredGateway>, listed: boolean): void => {
    if (offeredAt.size === 0) return;
    const names = new Set([...desired.values()].map(({ name }) => name));
    for (const name of offeredAt.keys()) {
      if (observed.has(name) || !names.has(name)) {
        offeredAt.delete(name);
        refused.delete(name);
      } else if (listed && waitedFor(name)) refused.add(name);
    }
  };

  const tellFreeSwitch = async (plan: Plan, input: SyncInput): Promise<ReloadResult | null> => {
    // Loaded or not: damaged on the disk it would keep FreeSWITCH from loading anything else. Costs nothing where it is
    // as it was.
    await files.writeShared('dialplan.xml', input.dialplan);
    if (plan.write.some(({ file }) => input.desired.get(file)?.needsAcl)) await bringAcl(input);
    const [result] = await Promise.all([
      plan.add.length > 0 || loaded.dialplan !== input.dialplan ? reload('rescan', input) : null,
      files.settle(),
    ]);
    if (result?.ok === true) loaded.dialplan = input.dialplan;
    const kill = mayBeKilled(plan, input, result);
    noteRemade(
      remakes,
      plan.remake.filter((name) => kill.includes(name)),
      observed,
      Date.now(),
    );
    noteAsked(observed, kill, 'kill', Date.now());
    noteAsked(observed, plan.refresh, 'refresh', Date.now());
    noteAsked(observed, plan.retry, 'retry', Date.now());
    await Promise.all([freeswitch.kill(kill), freeswitch.register([...plan.refresh, ...plan.retry])]);
    await bringAcl(input);
    if (result?.ok === true) for (const name of plan.add) offeredAt.set(name, Date.now());
    return result;
  };

  const bringAcl = async (input: SyncInput): Promise<void> => {
    const acl = input.acl();
    await files.writeShared('acl.xml', acl);
    if (loaded.acl !== acl && inTouch() && (await reload('reloadAcl', input)).ok) loaded.acl = acl;
  };

  const situationOf = ({ desired, held, takenDown }: SyncInput): Situation => ({
    desired,
    held,
    takenDown,
    observed,
    files: files.known(),
    offeredAt,
    remakes,
    now: Date.now(),
  });

  /** Whether FreeSWITCH's gateways were listed anew. */
  const lookAround = async (): Promise<boolean> => {
    if (state.filesStale) await files.refresh();
    state.filesStale = false;
    if ([...offeredAt.keys()].some((name) => !refused.has(name) && waitedFor(name))) state.listStale = true;
    if (!options.connected() || (state.listed && !state.listStale)) return false;
    const seen = await observe();
    state.listed ||= seen;
    state.listStale = !seen;
    return seen;
  };

  const cycle = async (): Promise<void> => {
    const started = performance.now();
    if (!options.input().known) return;
    const listed = await lookAround();
    const input = options.input();
    findRefused(input.desired, listed);
    forgetRemakes(remakes, new Set([...input.desired.values()].map(({ name }) => name)), observed);
    const plan = reconcile(situationOf(input));
    await files.write(plan.write);
    await files.remove(plan.remove);
    const result = inTouch() ? await tellFreeSwitch(plan, input) : await onDiskOnly(input);
    if (inTouch() && result?.ok !== false) state.applied = input.position;
    if (plan.waiting > 0) soon.set(SOON_MS);
    else if (plan.add.length > 0) soon.set(APPEAR_MS);
    else if (plan.nextAt !== null) soon.set(Math.max(plan.nextAt - Date.now(), SOON_MS));
    if (!isIdle(plan))
      logger.info(
        summary(plan, { position: input.position, took_ms: Math.round(performance.now() - started) }),
        'compared with FreeSWITCH',
      );
    options.onCycle({ refused, listed });
  };

  /** FreeSWITCH reads them itself when it starts. */
  const onDiskOnly = async (input: SyncInput): Promise<null> => {
    await files.writeShared('dialplan.xml', input.dialplan);
    await files.writeShared('acl.xml', input.acl());
    await files.settle();
    return null;
  };

  const inTouch = () => options.connected() && state.listed;
  const turns = oneAtATime(
    async () => {
      const rest = load.rest();
      if (rest > 0) await sleep(rest);
    },
    async () => {
      try {
        await cycle();
      } catch (error) {
        logger.error({ err: error }, 'the comparison with FreeSWITCH failed; it is tried again');
        soon.set(4 * SOON_MS);
      }
    },
  );
  const soon = alarm(turns.wake);
  const interval = setInterval(() => {
    state.listStale = true;
    state.filesStale = true;
    turns.wake();
  }, options.intervalMs ?? INTERVAL_MS);

  return {
    wake: turns.wake,
    reconnected() {
      state.listed = false;
      loaded.acl = null;
      loaded.dialplan = null;
      observed.clear();
      turns.wake();
    },
    inTouch,
    appliedPosition: () => state.applied,
    drift: () => driftOf(situationOf(options.input())),
    lastReload: () => lastReload,
    async stop() {
      clearInterval(interval);
      soon.clear();
      await turns.stop();
    },
  };
}

function summary(plan: Plan, more: object): object {
  const { write, remove, add, kill, refresh, retry, remake, waiting } = plan;
  const made = {
    killed: kill.length,
    refreshed: refresh.length,
    retried: retry.length,
    remade: remake.length,
    added: add.length,
  };
  return { written: write.length, removed: remove.length, ...made, waiting, ...more };
}

/**
 *  Without the new revision the old one stays: a trunk works on with its former settings while somebody repairs the
 *  configuration.
 */
function mayBeKilled(plan: Plan, input: SyncInput, result: ReloadResult | null): readonly string[] {
  return result?.ok === false
    ? plan.kill.filter((name) => !input.desired.has(name.slice(0, name.indexOf('.'))))
    : plan.kill;
}
