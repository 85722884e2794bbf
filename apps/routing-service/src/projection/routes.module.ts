import { Module } from '@nestjs/common';
import { Routes } from './routes.service.js';

@Module({ providers: [Routes], exports: [Routes] })
export class RoutesModule {}
