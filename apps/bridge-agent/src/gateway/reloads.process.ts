import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { FreeSwitchGateways } from './freeswitch.net.js';
import type { ReloadResult } from './freeswitch-reply.js';
import type { GatewayFiles } from './gateway-files.fs.js';
import type { DesiredGateway } from './reconcile.js';
import { repairReload } from './reload-repair.fs.js';
import { reloadLoad } from './turns.process.js';

/** The desired state, read again for each comparison. */
export interface SyncInput {
  /** False while the desired state is unknown (no snapshot, and the log not read yet): nothing is changed then. */
  known: boolean;
  desired: ReadonlyMap<string, DesiredGateway>;
  held: ReadonlySet<string>;
  takenDown?: ReadonlySet<string>;
  /** Computed when it is needed: its cost grows with the trunks, and a new gateway need not wait for it. */
  acl(): string;
  dialplan: string;
  /** The log position of `desired`. */
  position: number;
}

export interface LastReload {
  at: string;
  ok: boolean;
  message: string;
  took_ms: number;
}

export interface ReloadsOptions {
  files: GatewayFiles;
  freeswitch: FreeSwitchGateways;
  connected(): boolean;
  /** Whether what FreeSWITCH has is known. */
  inTouch(): boolean;
  logger: Logger;
  onReload?(what: 'rescan' | 'reloadAcl', ok: boolean, tookMs: number): void;
}

/** Reloads FreeSWITCH's configuration and remembers what it has loaded. */
export class Reloads {
  private readonly load = reloadLoad();
  private acl: string | null = null;
  private dialplan: string | null = null;
  private lastReload: LastReload | null = null;

  constructor(private readonly options: ReloadsOptions) {}

  last(): LastReload | null {
    return this.lastReload;
  }

  /** How long to wait before the next reload, in milliseconds. */
  rest(): number {
    return this.load.rest();
  }

  /** Forgets what FreeSWITCH has loaded. */
  forget(): void {
    this.acl = null;
    this.dialplan = null;
  }

  /** Null if no reload was needed. */
  async rescan(input: SyncInput, wanted: boolean): Promise<ReloadResult | null> {
    if (!wanted && this.dialplan === input.dialplan) return null;
    const result = await this.reload('rescan', input);
    if (result.ok) this.dialplan = input.dialplan;
    return result;
  }

  async bringAcl(input: SyncInput): Promise<void> {
    const acl = input.acl();
    await this.options.files.writeShared('acl.xml', acl);
    if (this.acl !== acl && this.options.inTouch() && (await this.reload('reloadAcl', input)).ok) this.acl = acl;
  }

  private async reload(what: 'rescan' | 'reloadAcl', input: SyncInput): Promise<ReloadResult> {
    const { freeswitch, files, logger } = this.options;
    const started = performance.now();
    let result = await freeswitch[what]();
    // Only then: while the profile restarts, the wrong file would be blamed.
    if (!result.ok && result.unreadable && this.options.connected())
      result = await repairReload({
        files,
        desired: input.desired,
        again: () => freeswitch[what](),
        why: result.why,
        logger,
      });
    this.note(what, result, performance.now() - started);
    return result;
  }

  private note(what: 'rescan' | 'reloadAcl', result: ReloadResult, took: number): void {
    this.load.add(took);
    this.lastReload = {
      at: new Date().toISOString(),
      ok: result.ok,
      message: result.ok ? 'Success' : result.why,
      took_ms: Math.round(took),
    };
    this.options.onReload?.(what, result.ok, took);
    if (!result.ok)
      this.options.logger.error({ what, why: result.why }, 'FreeSWITCH could not reload its configuration');
  }
}
