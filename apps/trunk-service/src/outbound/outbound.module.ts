import { Module } from '@nestjs/common';
import { FleetLoads } from './fleet-loads.pg.js';
import { HandOver } from './hand-over.nats.js';
import { OutboundCallController } from './outbound-call.controller.js';
import { OutboundSweeper } from './outbound-sweeper.nats.js';
import { PlaceCall } from './place-call.pg.js';

/** Calls that the platform starts: accepted here, given to a bridge, and kept until their end. */
@Module({ controllers: [OutboundCallController], providers: [PlaceCall, HandOver, FleetLoads, OutboundSweeper] })
export class OutboundModule {}
