import { Module } from '@nestjs/common';
import { RateDeckController } from './rate-deck.controller.js';

@Module({ controllers: [RateDeckController] })
export class RateDeckModule {}
