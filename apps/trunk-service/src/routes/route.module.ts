import { Module } from '@nestjs/common';
import { RouteController } from './route.controller.js';

@Module({ controllers: [RouteController] })
export class RouteModule {}
