import { Module } from '@nestjs/common';
import { SipController } from './sip.controller.js';

/** The SIP messages that the bridges keep of calls and gateways. */
@Module({ controllers: [SipController] })
export class SipModule {}
