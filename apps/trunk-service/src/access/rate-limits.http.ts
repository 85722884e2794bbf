import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DomainError } from '@trunkmesh/contracts/problem.js';
import type { Logger } from '@trunkmesh/runtime/logger.process.js';
import { counter } from '@trunkmesh/runtime/metric.otel.js';
import { CONFIG, LOGGER } from '@trunkmesh/runtime/service.module.js';
import type { Request, Response } from 'express';
import ipaddr from 'ipaddr.js';
import type { Config } from '../config.js';
import type { Caller } from '../http/caller.js';
import { RateWindow } from './rate-window.js';
import { UnderWay } from './under-way.http.js';

const limited = counter('trunkmesh_http_limited_total', 'Requests and connections that were refused, by the limit');

const WINDOW_MS = 60_000;
/** An import takes seconds. */
const IMPORT_RETRY_S = 5;
/** Of one organisation. Each holds a few megabytes while its client takes them. */
const EXPORTS_AT_ONCE = 10;
const EXPORT_RETRY_S = 30;

/** The caller that is counted, as it is logged: ids and addresses, never a key. */
type Counted = Record<string, string>;

/**
 * What one copy of the service lets through; each counts for itself. The bootstrap key is the platform's own and is
 * held to the address's limit alone.
 */
@Injectable()
export class RateLimits implements OnApplicationBootstrap {
  private readonly addresses: RateWindow;
  private readonly failures: RateWindow;
  private readonly keys: RateWindow;
  private readonly organizations: RateWindow;
  private readonly connections: RateWindow;
  private readonly imports = new UnderWay();
  private readonly refusedImports = new RateWindow(1, WINDOW_MS);
  private readonly exports = new UnderWay();
  private readonly refusedExports = new RateWindow(1, WINDOW_MS);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly host: HttpAdapterHost,
  ) {
    this.addresses = new RateWindow(config.RATE_LIMIT_ADDRESS, WINDOW_MS);
    this.failures = new RateWindow(config.RATE_LIMIT_FAILED_AUTHENTICATIONS, WINDOW_MS);
    this.keys = new RateWindow(config.RATE_LIMIT_KEY, WINDOW_MS);
    this.organizations = new RateWindow(config.RATE_LIMIT_ORGANIZATION, WINDOW_MS);
    this.connections = new RateWindow(1, WINDOW_MS);
  }

  /** Before anything else is done for the request. @throws DomainError too-many-requests */
  address(request: Request): void {
    const address = network(request.ip);
    this.take(this.addresses, 'address', address, { address });
  }

  /**
   * A key that is wrong. Others at the same address go on: a right key is never refused for it.
   * @throws DomainError too-many-requests
   */
  failed(request: Request): void {
    const address = network(request.ip);
    this.take(this.failures, 'failed-authentications', address, { address });
  }

  /** @throws DomainError too-many-requests */
  caller({ keyId, organization }: Caller): void {
    if (keyId === null || organization === null) return;
    this.take(this.keys, 'key', keyId, { key_id: keyId, organization_id: organization.id });
    this.take(this.organizations, 'organization', organization.id, { organization_id: organization.id });
  }

  /**
   * A place among the organisation's large requests, until the answer is sent. @throws DomainError too-many-requests
   */
  largeRequest(caller: Caller, response: Response): void {
    const id = caller.organization?.id ?? 'operator';
    const most = caller.organization?.parallel_imports ?? this.config.QUOTA_PARALLEL_IMPORTS;
    const running = this.imports.of(id);
    if (most !== 0 && running >= most) {
      this.refuse('parallel-imports', { organization_id: id }, isFirst(this.refusedImports, id));
      const detail =
        `This organisation has ${running} imports or syncs under way, as many as are allowed. Retry ` +
        'when one is done.';
      throw tooMany(detail, IMPORT_RETRY_S);
    }
    this.imports.add(id, response);
  }

  /** A place among the organisation's exports, until the answer is sent. @throws DomainError too-many-requests */
  largeAnswer(organizationId: string, response: Response): void {
    if (this.exports.of(organizationId) >= EXPORTS_AT_ONCE) {
      const isFirstRefusal = isFirst(this.refusedExports, organizationId);
      this.refuse('parallel-exports', { organization_id: organizationId }, isFirstRefusal);
      const detail = `This organisation has ${EXPORTS_AT_ONCE} exports under way, as many as are allowed. Retry `;
      throw tooMany(`${detail}when one is done.`, EXPORT_RETRY_S);
    }
    this.exports.add(organizationId, response);
  }

  /** Connections beyond the limit are closed before anything is read from them. */
  onApplicationBootstrap(): void {
    if (this.config.MAX_CONNECTIONS === 0) return;
    const server = this.host.httpAdapter.getHttpServer() as Server;
    server.maxConnections = this.config.MAX_CONNECTIONS;
    server.on('drop', (socket?: Pick<Socket, 'remoteAddress'>) => {
      this.refuse('connections', { address: network(socket?.remoteAddress) }, isFirst(this.connections, 'all'));
    });
  }

  private take(window: RateWindow, limit: string, ...[key, who]: [string, Counted]): void {
    const taken = window.take(key, performance.now());
    if (taken.within) return;
    this.refuse(limit, { ...who, per_minute: String(window.limit) }, taken.first);
    const detail = `Too many requests: the limit is ${window.limit} a minute (${limit}). Nothing was changed.`;
    throw tooMany(`${detail} Retry after the time in the header Retry-After.`, Math.ceil(taken.retryMs / 1_000));
  }

  /** Each is counted, the first of a window is logged. */
  private refuse(limit: string, who: Counted, first: boolean): void {
    limited.add(1, { limit });
    if (first) this.logger.warn({ limit, ...who }, 'refusing requests over the limit');
  }
}

/** Of a window with the limit 1: whether this is the first in it. */
const isFirst = (window: RateWindow, key: string) => window.take(key, performance.now()).within;

function tooMany(detail: string, seconds: number): DomainError {
  return new DomainError('too-many-requests', detail, [], { retry_after_seconds: seconds });
}

/** A client with an IPv6 address has at least a /64 of them. */
function network(ip: string | undefined): string {
  if (ip === undefined || !ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return `${address.toNormalizedString().split(':').slice(0, 4).join(':')}::/64`;
}
