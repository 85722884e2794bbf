import { AccessLists } from './acl.net.js';
import type { Carrier } from './carrier.js';
import { loadConfiguration, profileOf, settingsOf, type Configuration } from './configuration.fs.js';
import { Events } from './events.process.js';
import type { Gateway } from './gateway.js';
import type { SofiaProfile } from './invite.js';

export interface LogLine {
  level: number;
  file: string;
  functionName: string;
  line: number;
  text: string;
}

const LEVELS = ['CONSOLE', 'ALERT', 'CRIT', 'ERR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG'];

/** One FreeSWITCH: what it has read, what it has up, and who listens. */
export class Switch {
  readonly events: Events;
  readonly startedAt = Date.now();
  /** Newest first, as FreeSWITCH keeps and lists them. */
  gateways: Gateway[] = [];
  carriers: Carrier[] = [];
  configuration: Configuration;
  acl: AccessLists;
  readonly sofia: SofiaProfile;
  readonly inboundAcl: string | undefined;
  sessions = 0;
  /** The number of each outbound call, in order. */
  readonly dialled: string[] = [];
  /** Adds the gateways of the configuration that are new by name, one of them or all; the profile's worker sets it. */
  scanGateways: (only?: string) => void = () => undefined;
  private readonly logListeners = new Set<(line: LogLine) => void>();

  constructor(
    readonly confDir: string,
    hostname: string,
  ) {
    const loaded = loadConfiguration(confDir);
    if ('error' in loaded) throw new Error(`FreeSWITCH would not start: ${loaded.error}`);
    this.events = new Events(hostname);
    this.configuration = loaded.configuration;
    this.acl = new AccessLists(loaded.configuration);
    const { name, settings } = profileOf(loaded.configuration);
    this.sofia = {
      name,
      sipAddress: settings['ext-sip-ip'] ?? settings['sip-ip'] ?? '127.0.0.1',
      sipPort: Number(settings['sip-port'] ?? 5060),
      context: settings['context'] ?? 'public',
      parseAllHeaders: settings['parse-all-invite-headers'] === 'true',
      codecs: settings['inbound-codec-prefs'] ?? 'PCMU,PCMA',
    };
    this.inboundAcl = settings['apply-inbound-acl'];
  }

  /** The event socket's own settings. */
  get eventSocket(): { host: string; port: number; password: string } {
    const settings = settingsOf(this.configuration, 'event_socket.conf');
    return {
      host: settings['listen-ip'] ?? '127.0.0.1',
      port: Number(settings['listen-port'] ?? 8021),
      password: settings['password'] ?? 'ClueCon',
    };
  }

  /** Reads all files again. Broken ones leave everything as it was, and the answer says where. */
  reloadXml(): string {
    const loaded = loadConfiguration(this.confDir);
    if ('error' in loaded) return loaded.error;
    this.configuration = loaded.configuration;
    this.events.fire('RELOADXML', []);
    return '[Success]';
  }

  reloadAcl(): void {
    this.reloadXml();
    this.acl = new AccessLists(this.configuration);
    this.log({
      level: 5,
      file: 'switch_core.c',
      functionName: 'switch_load_network_lists',
      line: 1620,
      text: 'ACLs reloaded',
    });
  }

  onLog(listener: (line: LogLine) => void): () => void {
    this.logListeners.add(listener);
    return () => {
      this.logListeners.delete(listener);
    };
  }

  log(line: LogLine): void {
    const stamp = new Date().toISOString().replace('T', ' ').replace('Z', '000');
    const text = `${stamp} 98.00% [${LEVELS[line.level] ?? 'DEBUG'}] ${line.file}:${line.line} ${line.text}\n`;
    for (const listener of [...this.logListeners]) listener({ ...line, text });
  }

  /** The gateway of that name that is not on its way out. */
  gateway(name: string): Gateway | undefined {
    return this.gateways.find((gateway) => gateway.settings.name === name && !gateway.deleted);
  }
}
