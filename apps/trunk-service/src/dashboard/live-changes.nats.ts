import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  ALL_BRIDGES,
  ALL_CARRIERS,
  ALL_ORGANIZATIONS,
  BRIDGES_BUCKET,
  callsOfOrganization,
  GATEWAYS_BUCKET,
  gatewaysOfOrganization,
  organizationSubject,
  refusedStoredSubject,
} from '@trunkmesh/contracts/subjects.js';
import type { NatsConnection } from '@trunkmesh/runtime/connection.nats.js';
import type { NatsLink } from '@trunkmesh/runtime/link.nats.js';
import { NATS } from '../tokens.js';
import { ChangeLog } from './change-log.js';
import { changeOf } from './change.js';

/** How long changes are kept for a reader who lost the connection. */
const LINGER_MS = 60_000;

interface Scope {
  log: ChangeLog;
  listeners: Set<() => void>;
  stop: () => void;
  lingering?: NodeJS.Timeout;
}

/** A reader's place; `leave` once it looks no longer. */
export interface Following {
  log: ChangeLog;
  leave(): void;
}

/** What an organisation's own subjects say, or the operator's where there is none. */
const subjectsOf = (organizationId: string | null) =>
  organizationId === null
    ? [ALL_ORGANIZATIONS, ALL_CARRIERS, ALL_BRIDGES, `$KV.${BRIDGES_BUCKET}.*`]
    : [
        `${organizationSubject(organizationId).replace(/\.organization$/, '')}.>`,
        callsOfOrganization(organizationId),
        refusedStoredSubject(organizationId),
        `$KV.${GATEWAYS_BUCKET}.${gatewaysOfOrganization(organizationId)}`,
        ALL_BRIDGES,
      ];

/**
 * Changes as they are published. A plain subscription, not a consumer: what is missed is read through the API, and a
 * reader is told that it missed something.
 */
@Injectable()
export class LiveChanges implements BeforeApplicationShutdown {
  private readonly epoch = randomBytes(6).toString('hex');
  private readonly scopes = new Map<string, Scope>();
  private connected: NatsConnection | undefined;

  constructor(@Inject(NATS) nats: NatsLink) {
    nats.onConnected((connection) => {
      this.connected = connection;
      for (const [name, scope] of this.scopes) {
        scope.stop();
        scope.stop = this.subscribe(name, scope);
        scope.log.interrupted();
        notify(scope);
      }
    });
  }

  follow(organizationId: string | null, onChange: () => void): Following {
    const name = organizationId ?? '';
    const scope = this.scopes.get(name) ?? this.open(name);
    clearTimeout(scope.lingering);
    scope.listeners.add(onChange);
    const leave = () => {
      if (!scope.listeners.delete(onChange) || scope.listeners.size > 0) return;
      scope.lingering = setTimeout(() => this.close(name), LINGER_MS);
      scope.lingering.unref();
    };
    return { log: scope.log, leave };
  }

  beforeApplicationShutdown(): void {
    for (const name of [...this.scopes.keys()]) this.close(name);
  }

  private open(name: string): Scope {
    const scope: Scope = { log: new ChangeLog(this.epoch), listeners: new Set(), stop: () => undefined };
    // Another follower of before may have missed what happened since the last scope of this name was closed.
    scope.log.interrupted();
    scope.stop = this.subscribe(name, scope);
    this.scopes.set(name, scope);
    return scope;
  }

  private subscribe(name: string, scope: Scope): () => void {
    const connection = this.connected;
    if (connection === undefined) return () => undefined;
    const subscriptions = subjectsOf(name === '' ? null : name).map((subject) =>
      connection.subscribe(subject, {
        callback: (error, message) => {
          const changed = error === null ? changeOf(message.subject) : undefined;
          if (changed === undefined) return;
          scope.log.add(changed);
          notify(scope);
        },
      }),
    );
    return () => {
      if (!connection.isClosed()) for (const each of subscriptions) each.unsubscribe();
    };
  }

  private close(name: string): void {
    const scope = this.scopes.get(name);
    if (scope === undefined) return;
    clearTimeout(scope.lingering);
    scope.stop();
    this.scopes.delete(name);
  }
}

function notify({ listeners }: Scope): void {
  for (const listener of listeners) listener();
}
