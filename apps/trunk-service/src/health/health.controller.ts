import { Controller, Get, Inject, Res } from '@nestjs/common';
import { READINESS, type ReadinessCheck } from '@trunkmesh/runtime/service.module.js';
import type { Response } from 'express';
import { Access } from '../access/access.guard.js';
import { Described } from '../http/open-api.http.js';
import { liveness, readiness } from './health-view.js';

/** The same two answers as on the operations port, for a load balancer that only sees this one. */
@Controller('health')
@Access('public')
export class HealthController {
  constructor(@Inject(READINESS) private readonly readiness: ReadinessCheck) {}

  @Get('live')
  @Described({ id: 'getLiveness', answer: liveness, summary: 'Check that the process answers' })
  live(): { status: string } {
    return { status: 'live' };
  }

  @Get('ready')
  @Described({
    id: 'getReadiness',
    answer: readiness,
    summary: 'Check that the service can do its work; 503 with the reasons while it cannot',
  })
  async ready(@Res() response: Response): Promise<void> {
    const checks = await this.readiness();
    const ready = Object.values(checks).every((check) => check === 'up');
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready', checks });
  }
}
