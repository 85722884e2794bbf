import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { FreeSwitchGateways } from './freeswitch.net.js';
import type { ReloadResult } from './freeswitch-reply.js';
import type { GatewayFiles } from './gateway-files.fs.js';
import { APPEAR_MS, Offers } from './gateway-offers.process.js';
import { noteAsked, noteList, type ObservedMap } from './observed.js';
import { driftOf, isIdle, reconcile, type Plan, type Situation } from './reconcile.js';
import { forgetRemakes, noteRemade, type Remake } from './remake.js';
import { Reloads, type LastReload, type SyncInput } from './reloads.process.js';
import { alarm, oneAtATime } from './turns.process.js';

export interface SyncReport {
  /** Gateways that FreeSWITCH loaded without an error but does not have. */
  refused: ReadonlySet<string>;
  /** All of FreeSWITCH's gateways were listed again, so anything may have changed. */
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

const INTERVAL_MS = 30_000;
/** The interval while something waits for FreeSWITCH's worker pass; its events wake the loop earlier. */
const SOON_MS = 500;
/**
 * The loop that brings FreeSWITCH to the desired state. One comparison at a time; changes that arrive meanwhile go into
 * the next one, so that a burst causes few reloads.
 */
export class GatewaySync {
  private readonly offers: Offers;
  private readonly reloads: Reloads;
  private readonly turns: ReturnType<typeof oneAtATime>;
  private readonly soon: ReturnType<typeof alarm>;
  private readonly interval: NodeJS.Timeout;
  private listed = false;
  private listStale = false;
  private filesStale = false;
  private applied = 0;

  constructor(private readonly options: GatewaySyncOptions) {
    this.offers = new Offers(options.observed);
    this.reloads = new Reloads({ ...options, inTouch: () => this.inTouch() });
    this.turns = oneAtATime(
      async () => {
        const rest = this.reloads.rest();
        if (rest > 0) await sleep(rest);
      },
      () => this.compare(),
    );
    this.soon = alarm(this.turns.wake);
    this.interval = setInterval(() => {
      this.listStale = true;
      this.filesStale = true;
      this.wake();
    }, options.intervalMs ?? INTERVAL_MS);
  }

  /** Something changed: compare soon. Several wakes share one comparison. */
  wake(): void {
    this.turns.wake();
  }

  /** The event socket reconnected: FreeSWITCH's current state is unknown. */
  reconnected(): void {
    this.listed = false;
    this.reloads.forget();
    this.options.observed.clear();
    this.wake();
  }

  /** Whether `observed` is up to date. */
  inTouch(): boolean {
    return this.options.connected() && this.listed;
  }

  appliedPosition(): number {
    return this.applied;
  }

  drift(): number {
    return driftOf(this.situationOf(this.options.input()));
  }

  lastReload(): LastReload | null {
    return this.reloads.last();
  }

  async stop(): Promise<void> {
    clearInterval(this.interval);
    this.soon.clear();
    await this.turns.stop();
  }

  private async compare(): Promise<void> {
    try {
      await this.cycle();
    } catch (error) {
      this.options.logger.error({ err: error }, 'comparison with FreeSWITCH failed; retrying');
      this.soon.set(4 * SOON_MS);
    }
  }

  private async cycle(): Promise<void> {
    const started = performance.now();
    const { options, offers } = this;
    if (!options.input().known) return;
    const listed = await this.lookAround();
    const input = options.input();
    offers.findRefused(input.desired, listed);
    forgetRemakes(options.remakes, new Set([...input.desired.values()].map(({ name }) => name)), options.observed);
    const plan = reconcile(this.situationOf(input));
    await options.files.write(plan.write);
    await options.files.remove(plan.remove);
    const result = this.inTouch() ? await this.tellFreeSwitch(plan, input) : await this.onDiskOnly(input);
    if (this.inTouch() && result?.ok !== false) this.applied = input.position;
    this.lookAgain(plan);
    if (!isIdle(plan))
      options.logger.info(
        summary(plan, { position: input.position, took_ms: Math.round(performance.now() - started) }),
        'compared with FreeSWITCH',
      );
    options.onCycle({ refused: offers.refused, listed });
  }

  private lookAgain(plan: Plan): void {
    if (plan.waiting > 0) this.soon.set(SOON_MS);
    else if (plan.add.length > 0) this.soon.set(APPEAR_MS);
    else if (plan.nextAt !== null) this.soon.set(Math.max(plan.nextAt - Date.now(), SOON_MS));
  }

  /** Whether FreeSWITCH's gateways were listed again. */
  private async lookAround(): Promise<boolean> {
    const { files, connected } = this.options;
    if (this.filesStale) await files.refresh();
    this.filesStale = false;
    if (this.offers.anyOverdue()) this.listStale = true;
    if (!connected() || (this.listed && !this.listStale)) return false;
    const seen = await this.observe();
    this.listed ||= seen;
    this.listStale = !seen;
    return seen;
  }

  private async observe(): Promise<boolean> {
    const list = await this.options.freeswitch.list();
    if (list !== undefined) noteList(this.options.observed, list, Date.now());
    return list !== undefined;
  }

  private situationOf({ desired, held, takenDown }: SyncInput): Situation {
    const { observed, files, remakes } = this.options;
    const { offeredAt } = this.offers;
    return { desired, held, takenDown, observed, files: files.known(), offeredAt, remakes, now: Date.now() };
  }

  private async tellFreeSwitch(plan: Plan, input: SyncInput): Promise<ReloadResult | null> {
    const { files, freeswitch, observed, remakes } = this.options;
    // Whether it is loaded or not: a damaged file would keep FreeSWITCH from loading anything else. Unchanged files
    // cost nothing.
    await files.writeShared('dialplan.xml', input.dialplan);
    const [result] = await Promise.all([this.reloads.rescan(input, plan.add.length > 0), files.settle()]);
    const kill = mayBeKilled(plan, input, result);
    const now = Date.now();
    const remade = plan.remake.filter((name) => kill.includes(name));
    noteRemade(remakes, remade, observed, now);
    noteAsked(observed, kill, 'kill', now);
    noteAsked(observed, plan.refresh, 'refresh', now);
    noteAsked(observed, plan.retry, 'retry', now);
    await Promise.all([freeswitch.kill(kill), freeswitch.register([...plan.refresh, ...plan.retry])]);
    await this.reloads.bringAcl(input);
    if (result?.ok === true) this.offers.add(plan.add);
    return result;
  }

  /** FreeSWITCH reads them itself when it starts. */
  private async onDiskOnly(input: SyncInput): Promise<null> {
    const { files } = this.options;
    await files.writeShared('dialplan.xml', input.dialplan);
    await files.writeShared('acl.xml', input.acl());
    await files.settle();
    return null;
  }
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
 * Without the new revision the old one stays: the trunk keeps working with its former settings while somebody repairs
 * the configuration.
 */
function mayBeKilled(plan: Plan, input: SyncInput, result: ReloadResult | null): readonly string[] {
  return result?.ok === false
    ? plan.kill.filter((name) => !input.desired.has(name.slice(0, name.indexOf('.'))))
    : plan.kill;
}
