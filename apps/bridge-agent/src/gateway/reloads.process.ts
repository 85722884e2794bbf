import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import type { FreeSwitchGateways } from './freeswitch.net.js';
import type { ReloadResult } from './freeswitch-reply.js';
import type { GatewayFiles } from './gateway-files.fs.js';
import type { DesiredGateway } from './reconcile.js';
import { repairReload } from './reload-repair.fs.js';
import { reloadLoad } from './turns.process.js';

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

export interface ReloadsOptions {
  files: GatewayFiles;
  freeswitch: FreeSwitchGateways;
  connected(): boolean;
  /** Whether what FreeSWITCH has is known. */
  inTouch(): boolean;
  logger: Logger;
  onReload?(what: 'rescan' | 'reloadAcl', ok: boolean, tookMs: number): void;
}

/** FreeSWITCH's reloads of its configuration, and what it has loaded by them. */
export class Reloads {
  private readonly load = reloadLoad();
  private acl: string | null = null;
  private dialplan: string | null = null;
  private lastReload: LastReload | null = null;

  constructor(private readonly options: ReloadsOptions) {}

  last(): LastReload | null {
    return this.lastReload;
  }

  /** How long FreeSWITCH is left alone, milliseconds. */
  rest(): number {
    return this.load.rest();
  }

  /** What FreeSWITCH has loaded is not known any more. */
  forget(): void {
    this.acl = null;
    this.dialplan = null;
  }

  /** Null: there was no need. */
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
    // Only then: with a profile that is restarting, whichever file is set aside when it is up again would be blamed.
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
