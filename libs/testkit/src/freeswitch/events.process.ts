import { randomUUID } from 'node:crypto';
import { eventText, type Headers } from './wire.js';

export interface FiredEvent {
  name: string;
  subclass?: string;
  /** The channel that it is about. */
  uuid?: string;
  headers: Headers;
  body?: string;
  /** As it goes out in plain format. */
  text: string;
}

/** Where in FreeSWITCH's source an event comes from: clients see it in every event. */
const ORIGINS: Readonly<Record<string, readonly [file: string, functionName: string, line: number]>> = {
  BACKGROUND_JOB: ['mod_event_socket.c', 'api_exec', 1580],
  CHANNEL_ANSWER: ['switch_channel.c', 'switch_channel_perform_mark_answered', 3848],
  CHANNEL_CREATE: ['switch_core_state_machine.c', 'switch_core_session_run', 626],
  CHANNEL_DATA: ['mod_event_socket.c', 'parse_command', 2029],
  CHANNEL_DESTROY: ['switch_core_session.c', 'switch_core_session_perform_destroy', 1557],
  CHANNEL_EXECUTE: ['switch_core_session.c', 'switch_core_session_exec', 2949],
  CHANNEL_EXECUTE_COMPLETE: ['switch_core_session.c', 'switch_core_session_exec', 2972],
  CHANNEL_HANGUP: ['switch_channel.c', 'switch_channel_perform_hangup', 3447],
  CHANNEL_HANGUP_COMPLETE: ['switch_core_state_machine.c', 'switch_core_session_reporting_state', 943],
  CHANNEL_PARK: ['switch_ivr.c', 'switch_ivr_park', 1002],
  CHANNEL_PROGRESS: ['switch_channel.c', 'switch_channel_perform_mark_ring_ready_value', 3507],
  CHANNEL_PROGRESS_MEDIA: ['switch_channel.c', 'switch_channel_perform_mark_pre_answered', 3580],
  CHANNEL_STATE: ['switch_channel.c', 'switch_channel_perform_set_running_state', 2409],
  CHANNEL_UNPARK: ['switch_ivr.c', 'switch_ivr_park', 1213],
  CODEC: ['switch_core_codec.c', 'switch_core_session_set_write_codec', 471],
  HEARTBEAT: ['switch_core.c', 'send_heartbeat', 95],
  RELOADXML: ['switch_xml.c', 'switch_xml_open_root', 2458],
  'sofia::gateway_add': ['sofia_reg.c', 'sofia_reg_add_gateway', 3723],
  'sofia::gateway_delete': ['sofia_reg.c', 'sofia_reg_check_gateway', 343],
  'sofia::gateway_state': ['sofia_reg.c', 'sofia_reg_fire_custom_gateway_state_event', 156],
};

/** What the event socket's `event` command takes; anything else is no keyword. */
export const EVENT_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(ORIGINS).filter((name) => !name.includes(':')),
  'CUSTOM',
  'ALL',
  'CHANNEL_CALLSTATE',
  'CHANNEL_BRIDGE',
  'CHANNEL_UNBRIDGE',
  'CHANNEL_ORIGINATE',
  'CHANNEL_OUTGOING',
  'CHANNEL_HOLD',
  'CHANNEL_UNHOLD',
  'CHANNEL_UUID',
  'CALL_UPDATE',
  'DTMF',
  'API',
  'RE_SCHEDULE',
  'SHUTDOWN',
  'MODULE_LOAD',
  'MODULE_UNLOAD',
  'PLAYBACK_START',
  'PLAYBACK_STOP',
  'SESSION_HEARTBEAT',
  'MEDIA_BUG_START',
  'MEDIA_BUG_STOP',
  'LOG',
  'PRIVATE_COMMAND',
  'TRAP',
  'CODEC',
  'DETECTED_TONE',
  'STARTUP',
]);

export class Events {
  readonly coreUuid = randomUUID();
  private sequence = 0;
  private readonly listeners = new Set<(event: FiredEvent) => void>();
  private stamp = 0;

  constructor(readonly hostname: string) {}

  listen(listener: (event: FiredEvent) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Microseconds, never the same twice: FreeSWITCH's clock steps finer than JavaScript's. */
  now(): number {
    this.stamp = Math.max(this.stamp + 1, Date.now() * 1000);
    return this.stamp;
  }

  make(name: string, rest: Headers, more: { subclass?: string; uuid?: string; body?: string } = {}): FiredEvent {
    const [file, functionName, line] = ORIGINS[more.subclass ?? name] ?? ['switch_event.c', 'switch_event_fire', 1];
    const now = this.now();
    this.sequence += 1;
    const headers: Headers = [
      ...(more.subclass === undefined ? [] : [['Event-Subclass', more.subclass] as const]),
      ['Event-Name', name],
      ['Core-UUID', this.coreUuid],
      ['FreeSWITCH-Hostname', this.hostname],
      ['FreeSWITCH-Switchname', this.hostname],
      ['FreeSWITCH-IPv4', '192.0.2.2'],
      ['FreeSWITCH-IPv6', 'fd00::2'],
      ['Event-Date-Local', stampOf(now)],
      ['Event-Date-GMT', new Date(now / 1000).toUTCString()],
      ['Event-Date-Timestamp', String(now)],
      ['Event-Calling-File', file],
      ['Event-Calling-Function', functionName],
      ['Event-Calling-Line-Number', String(line)],
      ['Event-Sequence', String(this.sequence)],
      ...rest,
    ];
    return {
      name,
      subclass: more.subclass,
      uuid: more.uuid,
      headers,
      body: more.body,
      text: eventText(headers, more.body),
    };
  }

  fire(name: string, rest: Headers, more: { subclass?: string; uuid?: string; body?: string } = {}): void {
    const event = this.make(name, rest, more);
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** `2026-11-23 00:44:09` of a time in microseconds. */
export const stampOf = (microseconds: number): string =>
  new Date(microseconds / 1000).toISOString().slice(0, 19).replace('T', ' ');
